import type { WebhookRequest } from '../../../lambdas/channels/types.ts';
import type { Clock } from '../../whatsapp/clock.ts';
import type { Faults } from '../../whatsapp/faults.ts';

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 6;
const FIRST_RETRY_MS = 1_000;
/** After this long a webhook that is held back goes out even if none followed it. */
const LONGEST_HOLD_MS = 1_000;

export interface WebhookAnswer {
  status: number;
  body: string;
}

interface Waiting {
  url: string;
  webhook: WebhookRequest;
  failures: number;
}

interface QueueParts {
  clock: Clock;
  faults: Faults;
  /** The sender's, which fault rules match. */
  address: string;
  log: (line: Record<string, unknown>) => void;
}

/**
 * A sender's webhooks, one after the other in the order of their events. What is not answered with 2xx is sent again, twice
 * as late each time, and given up in the end.
 */
export class WebhookQueue {
  readonly #parts: QueueParts;
  readonly #stopping = new AbortController();
  readonly #waiting: Waiting[] = [];
  #isBusy = false;
  #held: Waiting | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  send(url: string, webhook: WebhookRequest): void {
    const { clock, faults, address } = this.#parts;
    const fault = faults.forWebhook(address);
    const entry: Waiting = { url, webhook, failures: 0 };
    const entries = fault.duplicate ? [entry, { ...entry }] : [entry];
    if (fault.delayMs > 0) {
      clock.schedule(fault.delayMs, () => {
        this.#waiting.push(...entries);
        this.#next();
      });
      return;
    }
    if (fault.reorder && !this.#held) {
      this.#held = entry;
      clock.schedule(LONGEST_HOLD_MS, () => this.#release());
      return;
    }
    this.#waiting.push(...entries);
    this.#release();
    this.#next();
  }

  stop(): void {
    this.#stopping.abort();
  }

  #release(): void {
    if (this.#held) this.#waiting.push(this.#held);
    this.#held = undefined;
    this.#next();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (this.#isBusy || !first || this.#stopping.signal.aborted) return;
    this.#isBusy = true;
    // Time stands still for it, as long as the other side takes; waiting for a retry is left to the clock.
    this.#parts.clock.track(this.#post(first));
  }

  async #post(entry: Waiting): Promise<void> {
    const { clock, log } = this.#parts;
    const answer = await callWebhook(entry.url, entry.webhook, this.#stopping.signal);
    const isTaken = typeof answer === 'object' && answer.status >= 200 && answer.status < 300;
    if (!isTaken) {
      entry.failures += 1;
      const problem = typeof answer === 'string' ? { problem: answer } : { status: answer.status };
      log({ event: 'webhook-failed', failures: entry.failures, ...problem });
    }
    if (isTaken || entry.failures >= ATTEMPTS) this.#waiting.shift();
    const resume = () => {
      this.#isBusy = false;
      this.#next();
    };
    if (isTaken || entry.failures >= ATTEMPTS) resume();
    else clock.schedule(FIRST_RETRY_MS * 2 ** (entry.failures - 1), resume);
  }
}

/** Makes one request of a provider's; a problem is a sentence. Real time: the receiver lives outside. */
export async function callWebhook(
  url: string,
  { method, headers, query, body }: WebhookRequest,
  signal: AbortSignal,
): Promise<WebhookAnswer | string> {
  const target = new URL(url);
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
  try {
    const response = await fetch(target, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(method === 'POST' && { body }),
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}
