import { createHmac, randomInt } from 'node:crypto';
import { GraphError } from '../graph-error.ts';
import type { Subscription } from './business-account.ts';

const TIMEOUT_MS = 10_000;

/** Something that happened to an account, in Graph's words. */
export interface AccountEvent {
  wabaId: string;
  field: string;
  value: Record<string, unknown>;
}

/** Tells a subscriber what happens, and asks it first whether it wants to be told. */
export class EventSender {
  readonly #log: (line: Record<string, unknown>) => void;

  constructor(log: (line: Record<string, unknown>) => void) {
    this.#log = log;
  }

  /** The handshake: the subscriber must echo a challenge. Throws GraphError when it does not. */
  async confirm({ callbackUrl, verifyToken }: Subscription): Promise<void> {
    const challenge = String(randomInt(1_000_000_000));
    const url = new URL(callbackUrl);
    url.searchParams.set('hub.mode', 'subscribe');
    url.searchParams.set('hub.verify_token', verifyToken);
    url.searchParams.set('hub.challenge', challenge);
    const echoed = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      .then(async (answer) => (answer.status === 200 ? answer.text() : `HTTP ${answer.status}`))
      .catch((error: unknown) => String(error));
    if (echoed !== challenge)
      throw new GraphError(100, `The callback URL did not echo the challenge: ${echoed.slice(0, 80)}`);
  }

  /** Posts an event, signed with the app secret. What the subscriber answers is only logged: there are no retries. */
  async send({ callbackUrl }: Subscription, event: AccountEvent, appSecret: string): Promise<void> {
    const { wabaId, field, value } = event;
    const time = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: wabaId, time, changes: [{ field, value }] }],
    });
    const signature = createHmac('sha256', appSecret).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
    const status = await fetch(callbackUrl, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) })
      .then(async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      })
      .catch((error: unknown) => String(error));
    this.#log({ event: 'webhook', field, status });
  }
}
