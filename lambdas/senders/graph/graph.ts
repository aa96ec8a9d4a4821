import { createHmac } from 'node:crypto';
import * as z from 'zod';
import type { HttpAnswer } from '../../channels/types.ts';
import { InDoubtError, NotSentError, type OutgoingRequest } from '../../platform/http.ts';
import { TryAgain } from '../registration/errors.ts';
import { failureOf, parseJson } from './errors.ts';

/** Where the Graph API is, with its version, and who calls it. */
export interface GraphAccess {
  /** `https://graph.facebook.com/v25.0` */
  url: string;
  token: string;
  /** Proves with each call that whoever has the token has this too; an app can be set to demand it. */
  appSecret?: string | undefined;
}

/** Sends one request; throws `NotSentError` or `InDoubtError`. */
export type Exchange = (request: OutgoingRequest, options: { timeoutMs: number }) => Promise<HttpAnswer>;

/** For one call. A step makes several, and its function ends after a minute. */
const TIMEOUT_MS = 10_000;

/** Of a list, at 100 entries each: many more than a business account may have of anything. */
const MOST_PAGES = 20;

type Query = Record<string, string>;

/**
 * Meta's Graph API: every call either gives what its schema describes, or throws `GraphRefusal` (final) or `TryAgain`.
 * The token is in a header and in no message.
 */
export class Graph {
  readonly #access: GraphAccess;
  readonly #exchange: Exchange;

  constructor(access: GraphAccess, exchange: Exchange) {
    this.#access = access;
    this.#exchange = exchange;
  }

  /** @param purpose what is tried, for a sentence that begins "Meta refused to": `add the number` */
  async get<T>(path: string, query: Query, schema: z.ZodType<T>, purpose: string): Promise<T> {
    return this.#call({ method: 'GET', url: this.#url(path, query), headers: this.#bearer }, schema, purpose);
  }

  async post<T>(path: string, body: Record<string, unknown>, schema: z.ZodType<T>, purpose: string): Promise<T> {
    const headers = { ...this.#bearer, 'content-type': 'application/json' };
    const request = { method: 'POST' as const, url: this.#url(path, {}), headers, body: JSON.stringify(body) };
    return this.#call(request, schema, purpose);
  }

  /** The bytes of an upload that was begun: `upload:…` */
  async upload<T>(uploadId: string, bytes: Uint8Array, schema: z.ZodType<T>, purpose: string): Promise<T> {
    // Only uploads have this scheme.
    const headers = { authorization: `OAuth ${this.#access.token}`, file_offset: '0' };
    const request = { method: 'POST' as const, url: this.#url(uploadId, {}), headers, body: bytes };
    return this.#call(request, schema, purpose);
  }

  /** All entries of a list, page by page. */
  async all<T>(path: string, query: Query, entry: z.ZodType<T>, purpose: string): Promise<T[]> {
    const page = z.object({
      data: z.array(entry),
      paging: z
        .object({ cursors: z.object({ after: z.string().optional() }).optional(), next: z.string().optional() })
        .optional(),
    });
    const entries: T[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const answer = await this.get(path, { ...query, limit: '100', ...(after && { after }) }, page, purpose);
      entries.push(...answer.data);
      // `next` itself is a URL with the token in it; the cursor says the same.
      after = answer.paging?.next === undefined ? undefined : answer.paging.cursors?.after;
      if (after === undefined) break;
    }
    return entries;
  }

  /** Inspects the token that this client calls with. Meta takes the token itself in the place of its app's. */
  async debugToken<T>(schema: z.ZodType<T>): Promise<T> {
    const query = { input_token: this.#access.token };
    return this.get('debug_token', query, schema, 'inspect the access token');
  }

  /** Sends a request that was made elsewhere, with its own authorization. */
  async send(request: OutgoingRequest, purpose: string): Promise<void> {
    await this.#call(request, z.unknown(), purpose);
  }

  get #bearer(): { authorization: string } {
    return { authorization: `Bearer ${this.#access.token}` };
  }

  #url(path: string, query: Query): string {
    const { url: base, token, appSecret } = this.#access;
    const url = new URL(`${base}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (appSecret) url.searchParams.set('appsecret_proof', proof(appSecret, token));
    return url.href;
  }

  async #call<T>(request: OutgoingRequest, schema: z.ZodType<T>, purpose: string): Promise<T> {
    const { token, appSecret = '' } = this.#access;
    const answer = await this.#exchange(request, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
      if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
      throw new TryAgain(`Meta was not reached to ${purpose} (${error.message}).`);
    });
    const failure = failureOf(answer, purpose, [token, appSecret]);
    if (failure) throw failure;
    const read = schema.safeParse(parseJson(answer.body));
    if (!read.success) {
      const where = read.error.issues.map(({ path: at }) => at.join('.') || 'the body').join(', ');
      throw new TryAgain(`Meta's answer to the request to ${purpose} is not what it documents: ${where}.`);
    }
    return read.data;
  }
}

const proof = (appSecret: string, token: string) => createHmac('sha256', appSecret).update(token).digest('hex');
