import * as z from 'zod';
import { timeOf } from '../../channels/primitives/timestamp.ts';
import type { HttpAnswer, Session } from '../../channels/types.ts';
import type { VerificationMethod } from '../../domain/registration.ts';
import { toIso } from '../../platform/clock.ts';
import { InDoubtError, NotSentError, type OutgoingRequest } from '../../platform/http.ts';
import { TryAgain } from '../registration/errors.ts';
import { failureOf } from './errors.ts';
import { type NodeHealth, readHealth } from './health.ts';

/** Sends one request; throws `NotSentError` or `InDoubtError`. */
export type Exchange = (request: OutgoingRequest, options: { timeoutMs: number }) => Promise<HttpAnswer>;

/** Who calls: a user's name and password, a login's token, or the key for monitoring. */
export type Caller = { user: string; password: string } | { token: string } | { apiKey: string };

/** A number as the container wants it. */
export interface Account {
  /** Country code, `1`. */
  cc: string;
  /** Without it, `5550100200`. */
  phoneNumber: string;
  /** The verified-name certificate, base64. */
  certificate: string;
  /** Only where two-step verification is on. */
  pin?: string | undefined;
}

/** What people see of a business. */
export interface BusinessProfile {
  address?: string | undefined;
  description?: string | undefined;
  email?: string | undefined;
  vertical?: string | undefined;
  websites?: string[] | undefined;
}

/** A coreapp may take its time over a registration; a step's function ends after a minute. */
const TIMEOUT_MS = 20_000;

const loginSchema = z.object({
  users: z.array(z.object({ token: z.string().min(1), expires_after: z.string() })).min(1),
});
const shardsSchema = z.object({ account: z.object({ shards: z.number() }) });

/**
 * The HTTP API of one device, as far as registering a number needs it. Every call throws `DeviceRefusal` (final) or `TryAgain`.
 */
export class DeviceClient {
  readonly #url: string;
  readonly #exchange: Exchange;

  /** @param url the base URL, where `/v1` begins */
  constructor(url: string, exchange: Exchange) {
    this.#url = url.replace(/\/+$/, '');
    this.#exchange = exchange;
  }

  /** Logs in; changes the password first where a new one is given, as the first login of all must. */
  async login(user: string, password: string, newPassword?: string): Promise<Session> {
    const purpose = 'let the gateway log in';
    const body = newPassword === undefined ? {} : { new_password: newPassword };
    const { json } = await this.#call('POST', '/v1/users/login', { user, password }, purpose, body);
    const read = loginSchema.safeParse(json);
    const [login] = read.success ? read.data.users : [];
    const expiry = timeOf(login?.expires_after);
    if (!login || expiry === undefined) throw new TryAgain('The device accepted the login, but answered no session.');
    return { token: login.token, expiresAt: toIso(expiry) };
  }

  async logout(caller: Caller): Promise<void> {
    await this.#call('POST', '/v1/users/logout', caller, 'log out');
  }

  async health(caller: Caller): Promise<NodeHealth[]> {
    const { json } = await this.#call('GET', '/v1/health', caller, 'say how it is');
    const nodes = readHealth(json);
    if (!nodes) throw new TryAgain('The device does not say how it is.');
    return nodes;
  }

  /** @returns `registered`: it was already, and no code is sent; `sent`: the code is on its way */
  async requestCode(caller: Caller, account: Account, method: VerificationMethod): Promise<'registered' | 'sent'> {
    const body = { ...accountBody(account), method };
    const { status } = await this.#call('POST', '/v1/account', caller, 'send the verification code', body);
    return status === 201 ? 'registered' : 'sent';
  }

  async verify(caller: Caller, code: string): Promise<void> {
    await this.#call('POST', '/v1/account/verify', caller, 'accept the verification code', { code });
  }

  async shards(caller: Caller): Promise<number> {
    const { json } = await this.#call('GET', '/v1/account/shards', caller, 'say how many shards it has');
    const read = shardsSchema.safeParse(json);
    if (!read.success) throw new TryAgain('The device does not say how many shards it has.');
    return read.data.account.shards;
  }

  async setShards(caller: Caller, account: Account, shards: number): Promise<void> {
    const body = { ...accountBody(account), shards };
    await this.#call('POST', '/v1/account/shards', caller, `spread the number over ${shards} shards`, body);
  }

  async setPin(caller: Caller, pin: string): Promise<void> {
    await this.#call('POST', '/v1/settings/account/two-step', caller, 'set the two-step PIN', { pin });
  }

  /** Switches two-step verification off, so that the number can be registered elsewhere without its PIN. */
  async removePin(caller: Caller): Promise<void> {
    await this.#call('DELETE', '/v1/settings/account/two-step', caller, 'take the two-step PIN off');
  }

  async forgetWebhook(caller: Caller): Promise<void> {
    const body = { webhooks: { url: '' } };
    await this.#call('PATCH', '/v1/settings/application', caller, 'take the webhook off', body);
  }

  async setBusinessProfile(caller: Caller, profile: BusinessProfile): Promise<void> {
    await this.#call('POST', '/v1/settings/business/profile', caller, 'set the business profile', profile);
  }

  async setAbout(caller: Caller, text: string): Promise<void> {
    await this.#call('PATCH', '/v1/settings/profile/about', caller, 'set the about text', { text });
  }

  async setPhoto(caller: Caller, { bytes, contentType }: { bytes: Uint8Array; contentType: string }): Promise<void> {
    const headers = { 'content-type': contentType };
    await this.send(
      { method: 'POST', url: '/v1/settings/profile/photo', headers, body: bytes },
      caller,
      'take the photo',
    );
  }

  /** Sends a request whose URL is below the device's, or a whole one. Looks at the body even of a success. */
  async send(
    request: OutgoingRequest,
    caller: Caller | undefined,
    purpose: string,
  ): Promise<{ status: number; json: unknown }> {
    const url = request.url.startsWith('/') ? this.#url + request.url : request.url;
    const headers = { ...request.headers, ...(caller && { authorization: authorization(caller) }) };
    const answer = await this.#exchange({ ...request, url, headers }, { timeoutMs: TIMEOUT_MS }).catch(
      (error: unknown) => {
        if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
        throw new TryAgain(`The device was not reached to ${purpose} (${error.message}).`);
      },
    );
    const json = parseJson(answer.body);
    const failure = failureOf(answer.status, json, purpose);
    if (failure) throw failure;
    return { status: answer.status, json };
  }

  #call(method: OutgoingRequest['method'], path: string, caller: Caller, purpose: string, body?: object) {
    const request: OutgoingRequest = { method, url: path, headers: {} };
    if (body === undefined) return this.send(request, caller, purpose);
    const headers = { 'content-type': 'application/json' };
    return this.send({ ...request, headers, body: JSON.stringify(body) }, caller, purpose);
  }
}

function accountBody({ cc, phoneNumber, certificate, pin }: Account) {
  return { cc, phone_number: phoneNumber, cert: certificate, pin };
}

function authorization(caller: Caller): string {
  if ('token' in caller) return `Bearer ${caller.token}`;
  if ('apiKey' in caller) return `Apikey ${caller.apiKey}`;
  return `Basic ${Buffer.from(`${caller.user}:${caller.password}`).toString('base64')}`;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
