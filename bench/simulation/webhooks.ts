import { MEASURED } from './aws.ts';
import type { Meter } from './meter.ts';
import type { Random } from './random.ts';
import { Remembered, SECRET_REMEMBERED_MS } from './remembered.ts';
import type { Sender } from './senders.ts';

/** Delivered and read; each is a webhook that comes in and a callback that goes out. */
export const STATUSES = 2;

/** A Cloud number: its statuses bring our SID back, and are signed with the sender's secret. */
export const isCloud = ({ rate }: Sender) => rate.perSecond === 80;

/** The Webhook function, as far as it reads secrets: the rest of what it costs is the same for each webhook. */
export class Webhooks {
  readonly #meter: Meter;
  readonly #random: Random;
  readonly #environments: Remembered[] = [];

  constructor(meter: Meter, random: Random) {
    this.#meter = meter;
    this.#random = random;
  }

  /** The webhooks about a message that was sent. Each meets any of the environments that the traffic of the last second keeps busy. */
  come(sender: Sender, sentAt: number): void {
    if (!isCloud(sender)) return;
    const perSecond = this.#meter.sends.in(Math.floor(sentAt / 1_000) - 1) * STATUSES;
    const inUse = 1 + Math.ceil((perSecond * MEASURED.webhook) / 1_000);
    for (let status = 0; status < STATUSES; status += 1) {
      const index = this.#random.integer(inUse);
      const environment = this.#environments[index] ?? new Remembered(SECRET_REMEMBERED_MS);
      this.#environments[index] = environment;
      if (environment.isNew(sender.sid, sentAt)) this.#meter.calls.secretReads += 1;
    }
  }
}
