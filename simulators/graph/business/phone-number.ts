import { randomInt } from 'node:crypto';
import type { Clock } from '../../whatsapp/clock.ts';
import { GraphError } from '../graph-error.ts';

export const NAME_STATUSES = ['APPROVED', 'AVAILABLE_WITHOUT_REVIEW', 'DECLINED', 'EXPIRED', 'PENDING_REVIEW'] as const;
export type NameStatus = (typeof NAME_STATUSES)[number];
export const QUALITY_RATINGS = ['GREEN', 'YELLOW', 'RED', 'UNKNOWN'] as const;
export type QualityRating = (typeof QUALITY_RATINGS)[number];

/** A code lives so long. */
const CODE_MS = 10 * 60_000;
/** Registrations of one number in 72 hours, deregistrations apart. */
const REGISTRATIONS = { limit: 10, periodMs: 72 * 3_600_000 };

/** A code on its way to the phone, as its owner would read it. */
export interface SentCode {
  /** `123-830` in a text message, digits alone in a call. */
  text: string;
  method: 'SMS' | 'VOICE';
  language: string;
  at: number;
}

/** A phone number of a WhatsApp Business account. */
export class PhoneNumber {
  readonly id: string;
  readonly wabaId: string;
  /** Digits, country code included. */
  readonly number: string;
  readonly #clock: Clock;
  verifiedName: string;
  nameStatus: NameStatus = 'PENDING_REVIEW';
  quality: QualityRating = 'GREEN';
  profile: Record<string, unknown> = {};
  verification: 'NOT_VERIFIED' | 'VERIFIED' | 'EXPIRED' = 'NOT_VERIFIED';
  registered = false;
  pin: string | undefined;
  readonly codes: SentCode[] = [];
  /** Told when a code is sent. */
  onCode: () => void = () => {};
  #pending: { code: string; expiresAt: number } | undefined;
  #registrations: number[] = [];

  constructor(identity: { id: string; wabaId: string; number: string; verifiedName: string }, clock: Clock) {
    this.id = identity.id;
    this.wabaId = identity.wabaId;
    this.number = identity.number;
    this.verifiedName = identity.verifiedName;
    this.#clock = clock;
  }

  /** Base64 text with the name in it, for the containers; only an approved name has one. */
  get certificate(): string | undefined {
    const approved = this.nameStatus === 'APPROVED' || this.nameStatus === 'AVAILABLE_WITHOUT_REVIEW';
    return approved
      ? Buffer.from(`\u0001\u0002${this.verifiedName}\u0003${this.number}`).toString('base64')
      : undefined;
  }

  sendCode(method: SentCode['method'], language: string): void {
    if (this.verification === 'VERIFIED') throw new GraphError(136024, 'The phone number is verified already.');
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    this.#pending = { code, expiresAt: this.#clock.now() + CODE_MS };
    const text = method === 'SMS' ? `${code.slice(0, 3)}-${code.slice(3)}` : code;
    this.codes.push({ text, method, language, at: this.#clock.now() });
    this.onCode();
  }

  verify(code: string): void {
    if (!this.#pending) throw new GraphError(136025, 'No code has been requested.');
    if (this.#pending.expiresAt <= this.#clock.now()) {
      this.#pending = undefined;
      throw new GraphError(136025, 'The code has expired. Request a new one.');
    }
    if (code !== this.#pending.code) throw new GraphError(136025, 'The code is wrong.');
    this.#pending = undefined;
    this.verification = 'VERIFIED';
  }

  register(pin: string): void {
    const now = this.#clock.now();
    this.#registrations = this.#registrations.filter((at) => at > now - REGISTRATIONS.periodMs);
    if (this.#registrations.length >= REGISTRATIONS.limit) {
      throw new GraphError(133016, 'Too many registrations of this number in 72 hours.');
    }
    if (this.verification !== 'VERIFIED') throw new GraphError(133006, 'Verify the phone number with a code first.');
    if (this.pin !== undefined && pin !== this.pin) throw new GraphError(133005, 'The PIN is not that of the number.');
    this.#registrations.push(now);
    this.pin = pin;
    this.registered = true;
  }

  deregister(): void {
    if (!this.registered) throw new GraphError(133010, 'The phone number is not registered.');
    this.registered = false;
  }

  /** Every field that Graph knows of it, by Graph's names. */
  get fields(): Record<string, unknown> {
    return {
      id: this.id,
      display_phone_number: `+${this.number}`,
      verified_name: this.verifiedName,
      name_status: this.nameStatus,
      quality_rating: this.quality,
      code_verification_status: this.verification,
      status: this.registered ? 'CONNECTED' : 'PENDING',
      platform_type: this.registered ? 'CLOUD_API' : 'NOT_APPLICABLE',
      throughput: { level: 'STANDARD' },
      account_mode: 'LIVE',
      messaging_limit_tier: 'TIER_250',
      certificate: this.certificate,
      is_official_business_account: false,
    };
  }
}
