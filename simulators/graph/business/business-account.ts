import type { PhoneNumber } from './phone-number.ts';
import { Templates } from './templates.ts';

/** Where an app's webhooks for an account go. */
export interface Subscription {
  callbackUrl: string;
  verifyToken: string;
}

/** A WhatsApp Business account (WABA): its numbers, templates and the app that is subscribed to it. */
export class BusinessAccount {
  readonly id: string;
  readonly name: string;
  readonly templates = new Templates();
  readonly numbers: PhoneNumber[] = [];
  subscription: Subscription | undefined;
  /** Times of management calls in the last hour, ms since 1970: what the rate limit counts. */
  calls: number[] = [];

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }
}

/** A system user's token, and what it may do. */
export interface AccessToken {
  token: string;
  appId: string;
  scopes: string[];
  /** Accounts that it reaches. */
  wabaIds: string[];
  /** Ms since 1970; undefined never expires. */
  expiresAt: number | undefined;
}
