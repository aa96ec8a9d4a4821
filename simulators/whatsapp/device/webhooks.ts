import type { Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';
import { postJson } from './post.ts';
import type { ApplicationSettings } from './settings.ts';
import type { Statistics } from './statistics.ts';

/** After this long a webhook held back for reordering goes out even if none followed it. */
const LONGEST_HOLD_MS = 1000;

export interface WebhookContext {
  clock: Clock;
  faults: Faults;
  settings: ApplicationSettings;
  statistics: Statistics;
  timeoutMs: number;
  /** The number that fault rules match; undefined before registration. */
  device: () => string | undefined;
  log: (line: Record<string, unknown>) => void;
}

type EventType = 'inbound_message' | 'status_change' | 'other';

interface Webhook {
  type: EventType;
  body: string;
  failures: number;
  /** Webhooks held back until this one has been posted. */
  followers: Webhook[];
}

/**
 * Posts a device's events as its coreapp does: JSON, no signature, no business identity; only HTTP 200 is success and
 * redirects are not followed; a failed one is tried again after 3 s, 6 s, 9 s … up to 15 minutes (both from the
 * settings), without end. Several are under way at once, so the order is not that of the events.
 */
export class WebhookSender {
  readonly #context: WebhookContext;
  #queue: Webhook[] = [];
  #waiting = new Set<Webhook>();
  #held: Webhook | undefined;
  #active = 0;
  #stopping = new AbortController();
  /** The webhook CA that the coreapp read when it started. */
  certificateAuthority: string | undefined;

  constructor(context: WebhookContext) {
    this.#context = context;
  }

  send(type: EventType, payload: Record<string, unknown>): void {
    const { clock, faults } = this.#context;
    const fault = faults.forWebhook(this.#context.device());
    const webhook = newWebhook(type, payload);
    const copies = fault.duplicate ? [webhook, newWebhook(type, payload)] : [webhook];
    if (fault.delayMs > 0) {
      clock.schedule(fault.delayMs, () => this.#enqueue(...copies));
      return;
    }
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      webhook.followers.push(held);
    } else if (fault.reorder) {
      const [first = webhook, ...others] = copies;
      first.followers.push(...others);
      this.#held = first;
      clock.schedule(LONGEST_HOLD_MS, () => this.#releaseHeld(first));
      return;
    }
    this.#enqueue(...copies);
  }

  /** A new URL or concurrency: what was waiting for it goes out. */
  settingsChanged(): void {
    this.#pump();
  }

  /** The coreapp restarts: what waits is forgotten unless the settings keep it in the database. */
  restart(certificateAuthority: string | undefined): void {
    this.certificateAuthority = certificateAuthority;
    if (!this.#context.settings.webhooksSurviveRestart) {
      this.#queue = [];
      this.#waiting.clear();
      this.#held = undefined;
    }
  }

  stop(): void {
    this.#queue = [];
    this.#stopping.abort();
  }

  get pending(): number {
    return this.#queue.length + this.#waiting.size + this.#active + (this.#held === undefined ? 0 : 1);
  }

  #releaseHeld(webhook: Webhook): void {
    if (this.#held !== webhook) return;
    this.#held = undefined;
    this.#enqueue(webhook);
  }

  #enqueue(...webhooks: Webhook[]): void {
    this.#queue.push(...webhooks);
    this.#pump();
  }

  #pump(): void {
    const { settings, clock, statistics } = this.#context;
    const url = settings.webhookUrl;
    while (url !== undefined && this.#active < settings.webhookConcurrency) {
      const webhook = this.#queue.shift();
      if (webhook === undefined) break;
      this.#active += 1;
      clock.track(this.#post(webhook, url));
    }
    statistics.set('callback_queue_size', this.#queue.length + this.#waiting.size);
    statistics.set('pending_callbacks', this.pending);
  }

  async #post(webhook: Webhook, url: string): Promise<void> {
    const { clock, statistics, timeoutMs } = this.#context;
    const startedAt = clock.now();
    const started = performance.now();
    const result = await postJson(url, webhook.body, {
      timeoutMs,
      signal: this.#stopping.signal,
      certificateAuthority: this.certificateAuthority,
    });
    this.#active -= 1;
    if (this.#stopping.signal.aborted) return;
    const delivered = result.status === 200;
    const label = delivered ? 'success' : String(result.status ?? 1);
    statistics.add('callback_requests', { type: webhook.type, result: label });
    statistics.add('callback_requests_duration_ms_sum', { type: webhook.type }, performance.now() - started);
    const followers = webhook.followers.splice(0);
    if (!delivered) this.#retry(webhook, startedAt, result);
    this.#enqueue(...followers);
  }

  #retry(webhook: Webhook, startedAt: number, result: { status?: number; problem?: string }): void {
    const { clock, settings, log } = this.#context;
    webhook.failures += 1;
    const { step, cap } = settings.backoff;
    const delay = Math.min(step * webhook.failures, cap);
    log({ event: 'webhook-failed', type: webhook.type, failures: webhook.failures, retryInMs: delay, ...result });
    this.#waiting.add(webhook);
    clock.schedule(startedAt + delay - clock.now(), () => {
      // Forgotten meanwhile, by a restart.
      if (this.#waiting.delete(webhook)) this.#enqueue(webhook);
    });
  }
}

function newWebhook(type: EventType, payload: Record<string, unknown>): Webhook {
  return { type, body: JSON.stringify(payload), failures: 0, followers: [] };
}
