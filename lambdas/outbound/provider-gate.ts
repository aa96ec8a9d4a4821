import type { HttpRequest } from '../channels/types.ts';
import type { Circuits } from '../platform/circuits.ts';
import { InDoubtError, NotSentError } from '../platform/http.ts';

/** The part of the circuit breakers that delivery needs; keys are `provider/<host>`. */
export type Breakers = Pick<Circuits, 'waitFor' | 'report'>;

/** A request was not made, because its host is known to be down for `waitMs` more. */
export class HostDownError extends NotSentError {
  readonly waitMs: number;

  constructor(host: string, waitMs: number) {
    super(`${host} cannot be reached for now`);
    this.waitMs = waitMs;
  }
}

/** Two instants that differ by less are the same one, seen by clocks and through roundings, in ms. */
const SAME_MS = 1_000;

const hostOf = ({ url }: Pick<HttpRequest, 'url'>): string => new URL(url).host;

/** Keeps requests from providers that are down. Which host is a sender's is known here after its first message. */
export class ProviderGate {
  readonly #breakers: Breakers;
  readonly #hosts = new Map<string, string>();
  /** By sender, until when its provider was last said to be down, ms since the epoch. */
  readonly #told = new Map<string, number>();

  constructor(breakers: Breakers) {
    this.#breakers = breakers;
  }

  /** What an attempt may do that has not begun; `waitMs` when its provider is down. */
  async enter(senderSid: string): Promise<ProviderPass | { waitMs: number }> {
    const pass = this.pass(senderSid);
    const host = this.#hosts.get(senderSid);
    const waitMs = host === undefined ? 0 : await pass.waitFor(host);
    return waitMs > 0 ? { waitMs } : pass;
  }

  /** How long a sender's provider is down as far as is known here, in ms; 0: not, or no longer. Asks nobody. */
  downFor(senderSid: string, now: number): number {
    return Math.max(0, (this.#told.get(senderSid) ?? 0) - now);
  }

  /** Whether it is news here that a sender's provider is down until then (ms since the epoch). */
  isNews(senderSid: string, until: number): boolean {
    const isNews = until > (this.#told.get(senderSid) ?? 0) + SAME_MS;
    if (isNews) this.#told.set(senderSid, until);
    return isNews;
  }

  /** A pass for an attempt that will make no request, or does not know yet to whom. */
  pass(senderSid: string): ProviderPass {
    return new ProviderPass(this.#breakers, (host) => this.#hosts.set(senderSid, host));
  }
}

/**
 * One attempt's way to providers. Who was let through to a host once may go on: it may be the one that tries whether the host is
 * back, and nobody else is let through until it has said.
 */
export class ProviderPass {
  readonly #breakers: Breakers;
  readonly #remember: (host: string) => void;
  readonly #open = new Set<string>();
  #used = false;

  constructor(breakers: Breakers, remember: (host: string) => void) {
    this.#breakers = breakers;
    this.#remember = remember;
  }

  /** Whether any request was made with it. */
  get wasUsed(): boolean {
    return this.#used;
  }

  /** Milliseconds until a host may be tried; 0: now, and from now on by this attempt. */
  async waitFor(host: string): Promise<number> {
    if (this.#open.has(host)) return 0;
    const waitMs = await this.#breakers.waitFor(keyOf(host));
    if (waitMs === 0) this.#open.add(host);
    return waitMs;
  }

  /**
   * Makes a request to a provider, and tells the breakers what came of it. Throws what `make` throws, or `HostDownError`.
   * @param isMessage true for the request that sends the message: its host is the sender's
   */
  async exchange<Answer extends { status: number }>(
    request: Pick<HttpRequest, 'url'>,
    make: () => Promise<Answer>,
    isMessage = false,
  ): Promise<Answer> {
    const host = hostOf(request);
    if (isMessage) this.#remember(host);
    const waitMs = await this.waitFor(host);
    if (waitMs > 0) throw new HostDownError(host, waitMs);
    this.#used = true;
    const started = performance.now();
    const report = (outcome: 'reached' | 'unreached') =>
      this.#breakers.report(keyOf(host), outcome, performance.now() - started);
    try {
      const answer = await make();
      await report(answer.status < 500 ? 'reached' : 'unreached');
      return answer;
    } catch (error) {
      if (error instanceof NotSentError || error instanceof InDoubtError) await report('unreached');
      throw error;
    }
  }
}

const keyOf = (host: string): string => `provider/${host}`;
