import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Clock } from '../../whatsapp/clock.ts';
import { type AccessToken, BusinessAccount, type Subscription } from './business-account.ts';
import { PhoneNumber } from './phone-number.ts';
import type { Template } from './templates.ts';
import type { EventSender } from './webhooks.ts';

const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];

/** What is ready when the simulator starts. */
export const SANDBOX = {
  wabaId: '1000000001',
  accessToken: 'sandbox-access-token',
  appId: '2000000001',
  appSecret: 'sandbox-app-secret',
} as const;

export interface MetaSettings {
  /** From adding a number or a template to its approval; `never` leaves it to the control API. */
  approvalDelayMs: number | 'never';
  /** Management calls per hour and account. */
  callsPerHour: number;
}

/** All that Meta keeps: accounts with their numbers, tokens, and the app whose secret signs. */
export class Meta {
  readonly clock: Clock;
  readonly settings: MetaSettings;
  readonly app = { id: SANDBOX.appId as string, secret: SANDBOX.appSecret as string };
  readonly accounts = new Map<string, BusinessAccount>();
  readonly tokens = new Map<string, AccessToken>();
  /** Names that will be declined when their review is due. */
  readonly declinedNames = new Set<string>();
  /** Emits `code` when one is sent to any number. */
  readonly changes = new EventEmitter();
  readonly #events: EventSender;
  #nextId = 3_000_000_001;

  constructor(clock: Clock, settings: MetaSettings, events: EventSender) {
    this.clock = clock;
    this.settings = settings;
    this.#events = events;
    this.addAccount(SANDBOX.wabaId, 'Sandbox');
    this.addToken({ token: SANDBOX.accessToken, wabaIds: [SANDBOX.wabaId] });
  }

  addAccount(id: string, name: string): BusinessAccount {
    const account = new BusinessAccount(id, name);
    this.accounts.set(id, account);
    return account;
  }

  addToken(given: Partial<AccessToken> & Pick<AccessToken, 'wabaIds'>): AccessToken {
    const token: AccessToken = {
      token: given.token ?? `EAA${randomBytes(24).toString('base64url')}`,
      appId: given.appId ?? this.app.id,
      scopes: given.scopes ?? SCOPES,
      wabaIds: given.wabaIds,
      expiresAt: given.expiresAt,
    };
    this.tokens.set(token.token, token);
    return token;
  }

  numberById(id: string): PhoneNumber | undefined {
    return this.#numbers().find((number) => number.id === id);
  }

  numberByDigits(digits: string): PhoneNumber | undefined {
    return this.#numbers().find(({ number }) => number === digits);
  }

  newId(): string {
    this.#nextId += 1;
    return String(this.#nextId);
  }

  /** Adds a number, whose name is then reviewed. */
  addNumber(account: BusinessAccount, digits: string, verifiedName: string): PhoneNumber {
    const identity = { id: this.newId(), wabaId: account.id, number: digits, verifiedName };
    const number = new PhoneNumber(identity, this.clock);
    number.onCode = () => this.changes.emit('code');
    account.numbers.push(number);
    this.reviewName(number);
    return number;
  }

  reviewName(number: PhoneNumber): void {
    number.nameStatus = 'PENDING_REVIEW';
    this.#later(() => {
      if (number.nameStatus !== 'PENDING_REVIEW') return;
      this.decideName(number, this.declinedNames.has(number.verifiedName) ? 'DECLINED' : 'APPROVED');
    });
  }

  decideName(number: PhoneNumber, status: PhoneNumber['nameStatus']): void {
    number.nameStatus = status;
    this.#announce(number.wabaId, 'phone_number_name_update', {
      display_phone_number: number.number,
      decision: status,
      requested_verified_name: number.verifiedName,
    });
  }

  decideQuality(number: PhoneNumber, quality: PhoneNumber['quality']): void {
    number.quality = quality;
    this.#announce(number.wabaId, 'phone_number_quality_update', {
      display_phone_number: number.number,
      event: quality === 'RED' ? 'FLAGGED' : 'UNFLAGGED',
      current_limit: 'TIER_250',
    });
  }

  reviewTemplate(account: BusinessAccount, template: Template): void {
    this.#later(() => {
      if (template.status === 'PENDING') this.decideTemplate(account, template, 'APPROVED');
    });
  }

  decideTemplate(account: BusinessAccount, template: Template, status: Template['status']): void {
    template.status = status;
    this.#announce(account.id, 'message_template_status_update', {
      event: status,
      message_template_id: Number(template.id),
      message_template_name: template.name,
      message_template_language: template.language,
      reason: status === 'REJECTED' ? 'INVALID_FORMAT' : null,
    });
  }

  /** The handshake that precedes a subscription. Throws GraphError when the URL does not echo the challenge. */
  confirm(subscription: Subscription): Promise<void> {
    return this.#events.confirm(subscription);
  }

  #announce(wabaId: string, field: string, value: Record<string, unknown>): void {
    const subscription = this.accounts.get(wabaId)?.subscription;
    if (subscription) this.clock.track(this.#events.send(subscription, { wabaId, field, value }, this.app.secret));
  }

  #later(decide: () => void): void {
    const { approvalDelayMs } = this.settings;
    if (approvalDelayMs === 0) decide();
    else if (approvalDelayMs !== 'never') this.clock.schedule(approvalDelayMs, decide);
  }

  #numbers(): PhoneNumber[] {
    return [...this.accounts.values()].flatMap(({ numbers }) => numbers);
  }
}
