import type { Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';
import { ApiError } from '../http/errors.ts';
import type { Network } from '../network/network.ts';
import type { Mode, Settings } from '../options.ts';
import { ContactBook } from './contactBook.ts';
import { Inbox } from './inbox.ts';
import { MediaStore } from './media.ts';
import { Outbox } from './outbox.ts';
import { Profile } from './profile.ts';
import { RateLimit } from './rate.ts';
import { Registration } from './registration.ts';
import { ApplicationSettings } from './settings.ts';
import { Statistics } from './statistics.ts';
import { Users } from './users.ts';
import { WebhookSender } from './webhooks.ts';

/** In the order in which an installation goes through them; the last five are side states. */
export const DEVICE_STATES = [
  'booting',
  'uninitialized',
  'unregistered',
  'code_pending',
  'connecting',
  'connected',
  'disconnected',
  'expired',
  'locked',
  'core_down',
  'db_down',
] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

export interface DeviceSetup {
  number: string | undefined;
  registered: boolean;
  password: string;
  mode: Mode;
  coreapps: number;
}

/** The containers of a cluster by name; the primary master is one of the masters. */
export interface Containers {
  primary: string;
  masters: readonly string[];
  coreapps: readonly string[];
}

/** What all devices of a simulator share. */
export interface Surroundings {
  clock: Clock;
  faults: Faults;
  network: Network;
  settings: Settings;
}

/** One installation of the containers: everything it keeps, and what it is doing. */
export class Device {
  readonly surroundings: Surroundings;
  readonly users: Users;
  readonly registration: Registration;
  readonly application: ApplicationSettings;
  readonly profile = new Profile();
  readonly media = new MediaStore();
  readonly statistics = new Statistics();
  readonly contacts: ContactBook;
  readonly webhooks: WebhookSender;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly limits: { messages: RateLimit; others: RateLimit };
  readonly startedAt: number;
  mode: Mode;
  coreapps: number;
  /** The containers that run, where each is a process of its own. */
  containers: Containers | undefined;
  #number: string | undefined;
  #state: DeviceState;

  constructor(setup: DeviceSetup, surroundings: Surroundings) {
    const { clock, faults, network, settings } = surroundings;
    this.surroundings = surroundings;
    this.startedAt = clock.now();
    this.mode = setup.mode;
    this.coreapps = setup.coreapps;
    this.#number = setup.number;
    this.#state = setup.registered ? 'connected' : 'unregistered';
    this.users = new Users(clock, settings.tokenKey, setup.password);
    this.registration = new Registration(this, clock, settings.verificationCode, setup.registered);
    this.application = new ApplicationSettings(settings.plainWebhooks);
    this.contacts = new ContactBook(clock, settings.version, settings.contactCheckDelayMs, (waId) => {
      return network.contact(waId).behaviour.onWhatsApp;
    });
    this.webhooks = new WebhookSender({
      clock,
      faults,
      settings: this.application,
      statistics: this.statistics,
      timeoutMs: settings.webhookTimeoutMs,
      device: () => this.#number,
      log: settings.log,
    });
    this.outbox = new Outbox(this);
    this.inbox = new Inbox(this);
    this.limits = {
      messages: new RateLimit(settings.rates.messages, clock),
      others: new RateLimit(settings.rates.others, clock),
    };
  }

  get number(): string | undefined {
    return this.#number;
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** Connected, messages flow; what waited in either direction follows at once. */
  changeState(state: DeviceState): void {
    this.#state = state;
    if (state !== 'connected') return;
    this.outbox.flush();
    this.inbox.flush();
  }

  /** `connecting` for a moment, then `connected`, unless something else happened meanwhile. */
  connect(): void {
    this.changeState('connecting');
    this.surroundings.clock.schedule(this.surroundings.settings.connectDelayMs, () => {
      if (this.#state === 'connecting') this.changeState('connected');
    });
  }

  /** The coreapp starts anew: settings that need it take effect, and the number connects again if it is registered. */
  restart(): void {
    // The coreapp that stops still goes by the settings that it started with.
    this.webhooks.restart(this.profile.webhookAuthority);
    this.application.restart();
    this.webhooks.settingsChanged();
    if (this.registration.registered) this.connect();
    else this.changeState('unregistered');
  }

  takeNumber(number: string): void {
    if (number === this.#number) return;
    this.surroundings.network.deviceOf(number)?.giveUpNumber();
    this.#number = number;
  }

  /** Another installation has registered the number. */
  giveUpNumber(): void {
    this.#number = undefined;
    this.registration.lose();
  }

  /** Throws ApiError unless the database answers, which even a login needs. */
  requireDatabase(): void {
    if (this.#state === 'db_down') throw new ApiError(1023, 'The database cannot be reached.');
  }

  /** Throws ApiError unless the web container can reach a coreapp that has started. */
  requireCore(): void {
    if (this.#state === 'core_down') {
      throw new ApiError(1014, 'Connection timed out. Please check if wacore is running: wacore:6252');
    }
    if (this.#state === 'uninitialized') throw new ApiError(1011, 'The coreapp is starting.');
    if (this.#state === 'expired') {
      throw new ApiError(1005, 'This version of the application has expired. Please upgrade.');
    }
  }

  /** Throws ApiError unless the number is registered. A lost connection is no obstacle: messages wait for it. */
  requireRegistered(): void {
    this.requireCore();
    if (this.#state === 'locked') throw new ApiError(1031);
    if (!this.registration.registered) throw new ApiError(1011, 'The number is not registered.');
  }

  stop(): void {
    this.webhooks.stop();
  }
}
