import type { Clock } from '../clock.ts';
import { ApiError } from '../http/errors.ts';
import { parseNumber } from '../options.ts';
import type { Device } from './device.ts';

export const SHARD_COUNTS = [1, 2, 4, 8, 16, 32] as const;
/** Shards can be set for this long after registration; later it logs the number off. */
const SHARDING_PERIOD_MS = 7 * 24 * 3600 * 1000;

export interface AccountRequest {
  cc: string;
  phone_number: string;
  pin?: string | undefined;
  cert?: string | undefined;
}

/** A registration as the database keeps it; times in ms since 1970. */
export interface RegistrationRecord {
  pending: string | undefined;
  registeredAt: number | undefined;
  pin: string | undefined;
  shards: number;
}

/** The number of one installation: how it is registered, sharded and protected. */
export class Registration {
  readonly #device: Device;
  readonly #clock: Clock;
  readonly #code: string;
  #pending: string | undefined;
  #registeredAt: number | undefined;
  #pin: string | undefined;
  shards = 1;

  constructor(device: Device, clock: Clock, code: string, registered: boolean) {
    this.#device = device;
    this.#clock = clock;
    this.#code = code;
    if (registered) this.#registeredAt = clock.now();
  }

  /**
   * Asks for a registration code. Returns undefined when the number is registered already (no code is sent),
   * otherwise the verified name that the certificate holds.
   */
  request(account: AccountRequest): string | undefined {
    const number = parseNumber(account.cc + account.phone_number);
    if (number === undefined) throw new ApiError(1009, 'cc, phone_number: not a phone number');
    if (this.registered && number === this.#device.number) return undefined;
    const name = verifiedName(account.cert ?? '');
    this.#requirePin(account.pin);
    this.#pending = number;
    this.#device.changeState('code_pending');
    return name;
  }

  verify(code: string): void {
    const number = this.#pending;
    if (number === undefined) throw new ApiError(1005, 'No registration code is outstanding.', 400);
    if (code !== this.#code) throw new ApiError(1005, 'Wrong registration code.', 400);
    this.#pending = undefined;
    this.#registeredAt = this.#clock.now();
    this.#device.takeNumber(number);
    this.#device.connect();
  }

  /** Spreads the number over coreapps; undoes the registration when it is older than a week. */
  setShards(account: AccountRequest, shards: number, certificateRequired: boolean): void {
    if (!this.registered || parseNumber(account.cc + account.phone_number) !== this.#device.number) {
      throw new ApiError(1005, 'Not the registered number.');
    }
    if (certificateRequired && account.cert === undefined) throw new ApiError(1008, 'cert: is required');
    if (account.cert !== undefined) verifiedName(account.cert);
    this.#requirePin(account.pin);
    if (shards > this.#device.coreapps) {
      throw new ApiError(1009, `shards: ${shards} shards need as many coreapps, there are ${this.#device.coreapps}`);
    }
    if (this.#device.state !== 'connected') throw new ApiError(1011, 'WhatsApp is temporarily unavailable.', 403);
    const age = this.#clock.now() - (this.#registeredAt ?? 0);
    this.shards = shards;
    if (age > SHARDING_PERIOD_MS) this.lose();
    else this.#device.connect();
  }

  set pin(pin: string | undefined) {
    this.#pin = pin;
  }

  /** The number has been registered elsewhere, or logged off: the installation keeps everything else. */
  lose(): void {
    this.#registeredAt = undefined;
    this.#device.changeState('unregistered');
  }

  get record(): RegistrationRecord {
    return { pending: this.#pending, registeredAt: this.#registeredAt, pin: this.#pin, shards: this.shards };
  }

  set record({ pending, registeredAt, pin, shards }: RegistrationRecord) {
    this.#pending = pending;
    this.#registeredAt = registeredAt;
    this.#pin = pin;
    this.shards = shards;
  }

  /** The code on its way to the phone while one is waited for. */
  get sentCode(): string | undefined {
    return this.#pending === undefined ? undefined : this.#code;
  }

  get registered(): boolean {
    return this.#registeredAt !== undefined;
  }

  #requirePin(pin: string | undefined): void {
    if (this.#pin !== undefined && pin !== this.#pin) throw new ApiError(1005, 'The two-step PIN is missing or wrong.');
  }
}

/** The real certificate is signed by Meta; here any base64 text will do, and a name is read from it if it holds one. */
function verifiedName(certificate: string): string {
  const bytes = Buffer.from(certificate, 'base64');
  if (bytes.length === 0 || bytes.toString('base64').replaceAll('=', '') !== certificate.replaceAll('=', '')) {
    throw new ApiError(1005, 'The certificate cannot be read.');
  }
  return /[\p{L}\d][\p{L}\d .&'-]{2,}/u.exec(bytes.toString('utf8'))?.[0].trim() ?? 'Sandbox business';
}
