import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Parameter, UsageError } from './arguments.ts';

/** Longer than a request of the gateway may take, in ms. */
const TIMEOUT_MS = 35_000;

/** Where a gateway is reached, and as whom. */
export interface Access {
  url: string;
  accountSid: string;
  authToken: string;
}

const accessSchema = z.object({ url: z.url(), accountSid: z.string(), authToken: z.string() });
const errorSchema = z.object({ code: z.number(), message: z.string() });

/** The gateway could not do it; the message is for a person. */
export class GatewayError extends Error {}

/**
 * Where the gateway is: the three variables, or the file that a local one writes.
 * @throws UsageError when neither says it
 */
export function findAccess(environment: Readonly<Record<string, string | undefined>>, localFile: string): Access {
  const names = ['SWITCHBOARD_URL', 'SWITCHBOARD_ACCOUNT_SID', 'SWITCHBOARD_AUTH_TOKEN'] as const;
  const [url, accountSid, authToken] = names.map((name) => environment[name] || undefined);
  if (url && accountSid && authToken) {
    if (!URL.canParse(url)) throw new UsageError('SWITCHBOARD_URL is not a URL.');
    return { url, accountSid, authToken };
  }
  if (url || accountSid || authToken) {
    const missing = names.filter((name) => !environment[name]);
    throw new UsageError(`${missing.join(' and ')} must be set, too.`);
  }
  const local = readLocal(localFile);
  if (local) return local;
  throw new UsageError(`Set ${names.join(', ')}, or run a gateway here with npm start: there is no ${localFile}.`);
}

function readLocal(localFile: string): Access | undefined {
  try {
    return accessSchema.parse(JSON.parse(readFileSync(localFile, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The gateway's HTTP API. */
export class Gateway {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  get(path: string, query: readonly Parameter[] = []): Promise<unknown> {
    return this.#call('GET', query.length > 0 ? `${path}?${new URLSearchParams([...query])}` : path);
  }

  post(path: string, form: readonly Parameter[]): Promise<unknown> {
    return this.#call('POST', path, new URLSearchParams([...form]));
  }

  async #call(method: 'GET' | 'POST', path: string, body?: URLSearchParams): Promise<unknown> {
    const { accountSid, authToken } = this.#access;
    const url = this.#access.url.replace(/\/+$/, '');
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { status, ok, text } = await exchange(`${url}${path}`, {
      method,
      headers: { authorization },
      signal,
      ...(body && { body }),
    }).catch((error: Error & { cause?: { code?: string; message: string } }) => {
      const reason = error.cause?.code ?? error.cause?.message ?? error.message;
      throw new GatewayError(`The gateway at ${url} could not be reached: ${reason}.`);
    });
    if (status === 401) throw new GatewayError(`The gateway at ${url} refused the credentials of ${accountSid}.`);
    const content = parsedJson(text);
    if (ok && content !== undefined) return content;
    const { data: error } = errorSchema.safeParse(content);
    throw new GatewayError(
      error
        ? `The gateway answered ${status} (${error.code}): ${error.message}`
        : `The gateway at ${url} answered ${status}, and not as a gateway does.`,
    );
  }
}

async function exchange(url: string, request: RequestInit): Promise<{ status: number; ok: boolean; text: string }> {
  const answer = await fetch(url, request);
  return { status: answer.status, ok: answer.ok, text: await answer.text() };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
