import type { Clock } from '../clock.ts';
import { waIdOf } from '../network/ids.ts';
import { parseNumber } from '../options.ts';
import type { Version } from '../version.ts';

const KEPT_MS = 7 * 24 * 3600 * 1000;

export interface ContactAnswer {
  input: string;
  status: 'valid' | 'invalid' | 'processing';
  wa_id?: string;
}

interface Known {
  answerAt: number;
  checkedAt: number;
  valid: boolean;
}

/** What an installation knows about numbers it was asked to check. */
export class ContactBook {
  readonly #clock: Clock;
  readonly #version: Version;
  readonly #delayMs: number;
  readonly #exists: (waId: string) => boolean;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, version: Version, delayMs: number, exists: (waId: string) => boolean) {
    this.#clock = clock;
    this.#version = version;
    this.#delayMs = delayMs;
    this.#exists = exists;
  }

  /** Answers one input as `/v1/contacts` does. From v2.43 on everything is valid: existence is no longer told. */
  check(input: string, wait: boolean, force: boolean): ContactAnswer {
    const number = parseNumber(input);
    if (this.#version.atLeast('2.43.0')) {
      return { input, status: 'valid', wa_id: waIdOf(number ?? input.replaceAll(/\D/g, '')) };
    }
    if (number === undefined) return { input, status: 'invalid' };
    const waId = waIdOf(number);
    const known = this.#lookUp(waId, wait, force);
    if (known.answerAt > this.#clock.now()) return { input, status: 'processing' };
    return known.valid ? { input, status: 'valid', wa_id: waId } : { input, status: 'invalid' };
  }

  /** True when messages may be sent to this number: from v2.39.1 on always, before only after a check found it valid. */
  canReceive(waId: string): boolean {
    if (this.#version.atLeast('2.39.1')) return true;
    const known = this.#known.get(waId);
    return known?.valid === true && known.answerAt <= this.#clock.now();
  }

  /** A contact who writes is known from then on. */
  learn(waId: string): void {
    const now = this.#clock.now();
    this.#known.set(waId, { answerAt: now, checkedAt: now, valid: true });
  }

  #lookUp(waId: string, wait: boolean, force: boolean): Known {
    const now = this.#clock.now();
    const known = this.#known.get(waId);
    const fresh = known !== undefined && now - known.checkedAt < KEPT_MS;
    if (fresh && !(wait && known.answerAt > now) && !(force && known.answerAt <= now)) return known;
    const looked = { answerAt: wait ? now : now + this.#delayMs, checkedAt: now, valid: this.#exists(waId) };
    this.#known.set(waId, looked);
    return looked;
  }
}
