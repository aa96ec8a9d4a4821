import { intervalOf, toleranceOf } from '../../lambdas/domain/pacing.ts';
import { Admission, type Placement } from '../../lambdas/outbound/admission.ts';
import { LAMBDA, MEASURED } from './aws.ts';
import type { Latency, Random } from './random.ts';
import { Remembered, SENDER_REMEMBERED_MS } from './remembered.ts';
import type { Campaign, Kind, Message, Second, Sender } from './senders.ts';
import { PaceTable, type World } from './table.ts';

/** One environment of the Api function, and what it remembers. */
interface Environment {
  table: PaceTable;
  admission: Admission;
  remembered: Remembered;
  /** The minute of the account's last activity marker. */
  noted: Map<string, number>;
}

export interface Post {
  sender: Sender;
  kind: Kind;
  campaign?: Campaign;
  /** Its conversation, where it has one. */
  group?: string;
}

/** What the Api function does with a message, as `lambdas/outbound/place-message.ts` has it, with the real `Admission`. */
export class Acceptance {
  readonly #world: World;
  readonly #random: Random;
  readonly #queueLatency: Latency;
  readonly #enqueue: (message: Message) => void;
  readonly #environments: Environment[] = [];
  /** Activity markers of the present minute, by the last digit of the account. */
  readonly #markers: Second[] = Array.from({ length: 16 }, () => ({ second: 0, writes: 0 }));

  /** @param enqueue is called when SQS has a message */
  constructor(world: World, random: Random, queueLatency: Latency, enqueue: (message: Message) => void) {
    this.#world = world;
    this.#random = random;
    this.#queueLatency = queueLatency;
    this.#enqueue = enqueue;
  }

  async post({ sender, kind, campaign, group }: Post): Promise<void> {
    const { agenda, meter } = this.#world;
    const { pace } = sender;
    const acceptedAt = agenda.now;
    meter.posts.add(acceptedAt);
    follow(sender, campaign, acceptedAt);
    const environment = this.#environment(acceptedAt);
    // The contact, consistently; the account, the address and the sender from time to time.
    const isNew = environment.remembered.isNew(sender.sid, acceptedAt);
    meter.reads.add(acceptedAt, isNew ? 4 : 1);
    const isReply = kind === 'reply' || kind === 'rival';
    let placement: Placement;
    try {
      placement = await environment.admission.place(sender.sid, sender.rate, { isReply });
    } catch {
      meter.refused += 1;
      return;
    }
    const { turn } = placement;
    this.#writeMessage(sender, acceptedAt);
    if (placement.place === 'backlog') {
      await environment.table.open(sender, agenda.now);
      const now = agenda.now;
      // The mark of the contact; then the entry.
      meter.write(now);
      meter.write(now, 'BACKLOG#<sender>', sender.backlogWrites);
      // Never much earlier than one before it: entries are in the order of their keys.
      pace.backlog.add({ acceptedAt: now, turn, kind });
      return;
    }
    this.#note(environment, sender, acceptedAt);
    meter.calls.sends += 1;
    const message: Message = {
      sender,
      kind,
      campaign,
      acceptedAt,
      turn,
      dueAt: placement.dueAt,
      released: false,
      attempt: 0,
      receives: 0,
      group,
      place: 0,
      behind: undefined,
    };
    agenda.plan(agenda.now + this.#queueLatency.draw(), this.#enqueue, message);
  }

  /** By the activity marker, the sweep finds messages that were stored and not queued. */
  #note({ noted }: Environment, { account }: Sender, now: number): void {
    const minute = Math.floor(now / 60_000);
    if (noted.get(account.sid) === minute) return;
    noted.set(account.sid, minute);
    this.#world.meter.write(now, 'ACCEPTED#<minute>#<digit>', this.#markers[account.digit]);
  }

  #writeMessage({ account }: Sender, now: number): void {
    this.#world.meter.write(now, '<account>#<digit>', account.shards[this.#random.integer(16)]);
  }

  /** Any of those that the traffic of the last second keeps busy. */
  #environment(now: number): Environment {
    const perSecond = this.#world.meter.posts.in(Math.floor(now / 1_000) - 1);
    const inUse = Math.min(LAMBDA.concurrency, 1 + Math.ceil((perSecond * MEASURED.api) / 1_000));
    const index = this.#random.integer(inUse);
    const found = this.#environments[index];
    if (found) return found;
    const table = new PaceTable(this.#world);
    const created: Environment = {
      table,
      admission: new Admission(table, () => this.#world.agenda.now),
      remembered: new Remembered(SENDER_REMEMBERED_MS),
      noted: new Map(),
    };
    this.#environments[index] = created;
    return created;
  }
}

/** Notes when the message would be sent by a gateway that loses no slot and takes no time: what utilisation is measured by. */
function follow(sender: Sender, campaign: Campaign | undefined, now: number): void {
  const start = Math.max(sender.idealTat, now);
  const slot = Math.max(now, start - toleranceOf(sender.rate));
  sender.idealTat = start + intervalOf(sender.rate);
  if (campaign) campaign.idealEnd = slot;
  else if (sender.running && now < sender.running.idealEnd) sender.running.idealEnd += intervalOf(sender.rate);
}
