import {
  type Circuit,
  type Durations,
  isEnoughToOpen,
  isNews,
  openMs,
  PROBE_MS,
  phaseOf,
  SLOW_FOR_MS,
  slowAverage,
  weightOf,
  withDuration,
} from '../domain/circuit.ts';
import type { Clock } from './clock.ts';
import { logger } from './log.ts';
import type { CircuitStore } from './stores/circuits.ts';

/** How long what is known of a host may be out of date, in ms. */
const REMEMBERED_MS = 5_000;

const NEVER = Number.NEGATIVE_INFINITY;

/** Hosts remembered at most; the one first heard of goes first. */
const MOST_HOSTS = 1_000;

/** A host as this function knows it. */
interface Host {
  circuit: Circuit;
  /** When that was read or written here, ms since the epoch; `NEVER`: to be read before it is used. */
  knownAt: number;
  /** A look-up under way, so that lanes ask once. */
  reading: Promise<void> | undefined;
  /** Weight of the failures here since the last success here. */
  failures: number;
  /** The `openUntil` of the open circuit that this function has the probe of. */
  probing: number | undefined;
  durations: Durations | undefined;
}

/**
 * Circuit breakers of hosts (`domain/circuit.ts`), shared by all functions. A host that is well costs a read in five
 * seconds and no write. Never throws: when the table cannot be asked, what is remembered holds, and else the host is well.
 */
export class Circuits {
  readonly #store: Pick<CircuitStore, keyof CircuitStore>;
  readonly #now: Clock;
  readonly #hosts = new Map<string, Host>();

  constructor(store: Pick<CircuitStore, keyof CircuitStore>, now: Clock) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Milliseconds until the host may be tried; 0: now. Who gets 0 is to `report`: when an open circuit's time is over,
   * exactly one caller of all functions gets it, and the others wait for what it reports.
   */
  async waitFor(key: string): Promise<number> {
    const host = await this.#known(key);
    const phase = phaseOf(host.circuit, this.#now());
    if (phase.kind === 'closed') return 0;
    if (phase.kind === 'waiting') return phase.waitMs;
    return this.#probe(key, host);
  }

  /** How long the host's answers take on average, in ms; undefined when it is not slow. */
  async slowAverage(key: string): Promise<number | undefined> {
    const { averageMs, averageUntil = 0 } = (await this.#known(key)).circuit;
    return averageUntil > this.#now() ? averageMs : undefined;
  }

  /**
   * What came of an exchange: the host was reached (any answer below 500) or not (no connection, timeout, 5xx).
   * @param tookMs how long it took; a failure that took long counts for more, and answers that do make the host slow
   */
  async report(key: string, outcome: 'reached' | 'unreached', tookMs = 0): Promise<void> {
    const host = this.#host(key);
    try {
      await (outcome === 'reached' ? this.#succeed(key, host) : this.#fail(key, host, tookMs));
      await this.#measure(key, host, tookMs);
    } catch (error) {
      host.knownAt = NEVER;
      logger.warn('a circuit could not be written', { circuit: key, error: error as Error });
    }
  }

  async #probe(key: string, host: Host): Promise<number> {
    const now = this.#now();
    const seen = host.circuit;
    // Written down before it is asked for, so that other lanes wait meanwhile.
    set(host, { ...seen, probeUntil: now + PROBE_MS }, now);
    try {
      if (await this.#store.takeProbe(key, seen, now)) {
        host.probing = seen.openUntil;
        return 0;
      }
      set(host, await this.#store.get(key, true), now);
    } catch (error) {
      logger.warn('a circuit could not be asked', { circuit: key, error: error as Error });
      return REMEMBERED_MS;
    }
    const phase = phaseOf(host.circuit, now);
    if (phase.kind === 'closed') return 0;
    return phase.kind === 'waiting' ? phase.waitMs : REMEMBERED_MS;
  }

  async #succeed(key: string, host: Host): Promise<void> {
    host.failures = 0;
    const seen = host.circuit;
    if (seen.openUntil === undefined) return;
    const now = this.#now();
    const { openUntil: _, opens: __, probeUntil: ___, ...closed } = seen;
    set(host, closed, now);
    if (await this.#store.close(key, seen, now)) logger.info('a host is reached again', { circuit: key });
    else host.knownAt = NEVER;
  }

  async #fail(key: string, host: Host, tookMs: number): Promise<void> {
    const seen = host.circuit;
    if (seen.openUntil === undefined) {
      host.failures += weightOf(tookMs);
      if (!isEnoughToOpen(host.failures)) return;
    } else if (host.probing !== seen.openUntil) {
      // Begun before the circuit opened: it says nothing new.
      return;
    }
    const now = this.#now();
    const opens = (seen.opens ?? 0) + 1;
    const next = { openUntil: now + openMs(opens), opens };
    set(host, next, now);
    Object.assign(host, { failures: 0, durations: undefined });
    const opened = await this.#store.open(key, seen, next, now);
    if (opened) logger.warn('a host cannot be reached', { circuit: key, ...next });
    else host.knownAt = NEVER;
  }

  async #measure(key: string, host: Host, tookMs: number): Promise<void> {
    const { circuit } = host;
    // How long nobody answers is no measure of how long answers take when there are some again.
    if (circuit.openUntil !== undefined) return;
    const now = this.#now();
    host.durations = withDuration(host.durations, tookMs, now);
    const average = slowAverage(host.durations);
    if (average === undefined || !isNews(circuit, average, now)) return;
    set(host, { ...circuit, averageMs: average, averageUntil: now + SLOW_FOR_MS }, host.knownAt);
    logger.warn('a host is slow', { circuit: key, averageMs: average });
    await this.#store.setAverage(key, average, now + SLOW_FOR_MS, now);
  }

  /** The host as it was at most five seconds ago. */
  async #known(key: string): Promise<Host> {
    const host = this.#host(key);
    if (this.#now() - host.knownAt < REMEMBERED_MS) return host;
    host.reading ??= this.#read(key, host).finally(() => {
      host.reading = undefined;
    });
    await host.reading;
    return host;
  }

  async #read(key: string, host: Host): Promise<void> {
    const before = host.circuit;
    const now = this.#now();
    try {
      const circuit = await this.#store.get(key);
      // What was written here meanwhile is newer than what was read.
      if (host.circuit === before) set(host, circuit, now);
    } catch (error) {
      host.knownAt = now;
      logger.warn('a circuit could not be read', { circuit: key, error: error as Error });
    }
  }

  #host(key: string): Host {
    const found = this.#hosts.get(key);
    if (found) return found;
    const host: Host = {
      circuit: {},
      knownAt: NEVER,
      reading: undefined,
      failures: 0,
      probing: undefined,
      durations: undefined,
    };
    this.#hosts.set(key, host);
    if (this.#hosts.size > MOST_HOSTS) this.#hosts.delete(this.#hosts.keys().next().value ?? key);
    return host;
  }
}

function set(host: Host, circuit: Circuit, knownAt: number): void {
  host.circuit = circuit;
  host.knownAt = knownAt;
}
