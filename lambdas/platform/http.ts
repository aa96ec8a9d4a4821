import { lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { HttpAnswer, HttpRequest } from '../channels/types.ts';
import { type AddressPolicy, hasPublicCertificate, isForbiddenAddress } from '../domain/url-policy.ts';

/** The request never left: nothing was reached, or what the name stands for may not be reached. Safe to send again. */
export class NotSentError extends Error {}

/** The request left and no answer came: the other side may or may not have acted on it. */
export class InDoubtError extends Error {}

/** A request to send. Its body may also be bytes as they are, where an API takes a file that way. */
export interface OutgoingRequest extends Omit<HttpRequest, 'body'> {
  body?: HttpRequest['body'] | Uint8Array;
}

export interface SendOptions {
  /** Which addresses may be dialled; checked on the address itself, after DNS. */
  addresses: AddressPolicy;
  /** Milliseconds for the whole exchange. */
  timeoutMs: number;
  /** Milliseconds to connect, TLS included. */
  connectTimeoutMs?: number;
  /** Bytes of an answer that are read; a longer one is cut off there. */
  maxBytes?: number;
}

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 200 }),
  'https:': new https.Agent({ keepAlive: true, maxSockets: 200 }),
};

/**
 * Where requests to providers go instead: to a proxy that stands in for the hosts named (`*` for one or more labels), so
 * that a stack on one machine needs none of them. Only where loopback addresses may be reached; no deployment sets it.
 */
interface ProviderProxy {
  url: URL;
  hosts: RegExp;
}

function providerProxy({ PROVIDER_PROXY_URL, PROVIDER_PROXY_HOSTS = '' } = process.env): ProviderProxy | undefined {
  if (!PROVIDER_PROXY_URL) return undefined;
  const hosts = PROVIDER_PROXY_HOSTS.split(' ').map((host) =>
    host.replaceAll('.', '\\.').replaceAll('*', '[a-z0-9.-]+'),
  );
  return { url: new URL(PROVIDER_PROXY_URL), hosts: new RegExp(`^(${hosts.join('|')})$`) };
}

const proxy = providerProxy();

/**
 * Sends one request and reads the answer, whatever its status. Redirects are answers too.
 * Throws `NotSentError` or `InDoubtError`; both messages are safe to log and to show.
 */
export async function send(request: OutgoingRequest, options: SendOptions): Promise<HttpAnswer> {
  const { status, headers, bytes } = await sendForBytes(request, options);
  return { status, headers, body: bytes.toString('utf8') };
}

/** An answer whose body is not text. */
export interface BinaryAnswer {
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** `send` for what may be answered with a file. */
export async function sendForBytes(request: OutgoingRequest, options: SendOptions): Promise<BinaryAnswer> {
  const url = new URL(request.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new NotSentError(`${url.protocol} is not HTTP`);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  // Node dials a literal address without a lookup, so that one is checked here.
  if (isIP(literal) && isForbiddenAddress(literal, options.addresses)) {
    throw new NotSentError(`the address of ${url.hostname} may not be reached`);
  }
  const { headers, body } = await encode(request);
  return exchange(url, { method: request.method, headers }, body, options);
}

function exchange(
  url: URL,
  head: { method: string; headers: Record<string, string> },
  body: Buffer | undefined,
  { addresses, timeoutMs, connectTimeoutMs = 5_000, maxBytes = 1_048_576 }: SendOptions,
): Promise<BinaryAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<BinaryAnswer>();
  const via = addresses.allowLoopback && proxy?.hosts.test(url.host) ? proxy.url : undefined;
  const secure = url.protocol === 'https:' && !via;
  let connected = false;
  const request = (secure ? https : http).request(via ?? url, {
    ...head,
    // To a proxy the whole URL is the target (RFC 9112, section 3.2.2).
    ...(via && { path: url.href, headers: { ...head.headers, host: url.host } }),
    agent: agents[secure ? 'https:' : 'http:'],
    rejectUnauthorized: hasPublicCertificate(url.hostname, addresses),
    lookup: guardedLookup(addresses),
  });
  const giveUp = (why: string) => request.destroy(new Error(why));
  const connecting = setTimeout(() => connected || giveUp(`no connection in ${connectTimeoutMs} ms`), connectTimeoutMs);
  const whole = setTimeout(() => giveUp(`no answer in ${timeoutMs} ms`), timeoutMs);
  const settle = () => {
    clearTimeout(connecting);
    clearTimeout(whole);
  };
  request.on('socket', (socket) => {
    if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
    else connected = true;
  });
  request.on('response', (response) => {
    // The proxy says what a direct connection would have failed with (RFC 9209): nobody was reached.
    const failure = via && /\berror=([a-z_]+)/.exec(String(response.headers['proxy-status'] ?? ''));
    if (failure) {
      settle();
      response.resume();
      reject(new NotSentError(`${head.method} ${url.host}: ${failure[1]}`));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = () => {
      settle();
      const headers = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
      const bytes = Buffer.concat(chunks).subarray(0, maxBytes);
      resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(headers), bytes });
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) {
        finish();
        response.destroy();
      }
    });
    response.on('end', finish);
  });
  request.on('error', (error) => {
    settle();
    const reason = `${head.method} ${url.host}: ${error.message || (error as NodeJS.ErrnoException).code}`;
    reject(connected ? new InDoubtError(reason) : new NotSentError(reason));
  });
  // A connection that breaks in the middle of an answer ends without `end` or `error`.
  request.on('close', () => {
    settle();
    reject(new InDoubtError(`${head.method} ${url.host}: the connection closed before the answer was whole`));
  });
  request.end(body);
  return promise;
}

/** Looks names up as usual, and refuses those that stand for a forbidden address: what is checked is what is dialled. */
function guardedLookup(addresses: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const allowed = found.filter(({ address }) => !isForbiddenAddress(address, addresses));
      const first = allowed[0];
      if (!first) return callback(new Error(`the address of ${hostname} may not be reached`), '', 0);
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

async function encode(
  request: OutgoingRequest,
): Promise<{ headers: Record<string, string>; body: Buffer | undefined }> {
  if (request.body === undefined) return { headers: request.headers, body: undefined };
  if (typeof request.body === 'string' || request.body instanceof Uint8Array) {
    const body = Buffer.from(request.body);
    return { headers: { ...request.headers, 'content-length': String(body.length) }, body };
  }
  const form = new FormData();
  for (const part of request.body) {
    const { name, value, filename, contentType } = part;
    if (typeof value === 'string' && filename === undefined && contentType === undefined) form.append(name, value);
    else form.append(name, new Blob([bytesOf(value)], { type: contentType ?? '' }), filename ?? name);
  }
  const encoded = new Response(form);
  const body = Buffer.from(await encoded.arrayBuffer());
  const contentType = encoded.headers.get('content-type') ?? 'multipart/form-data';
  return {
    headers: { ...request.headers, 'content-type': contentType, 'content-length': String(body.length) },
    body,
  };
}

function bytesOf(value: string | Uint8Array): string | Uint8Array<ArrayBuffer> {
  if (typeof value === 'string' || value.buffer instanceof ArrayBuffer)
    return value as string | Uint8Array<ArrayBuffer>;
  return new Uint8Array(value);
}
