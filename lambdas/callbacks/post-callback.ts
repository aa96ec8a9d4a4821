import type { HttpAnswer, HttpRequest } from '../channels/types.ts';
import { type CallbackFailure, connectionOverrides } from '../domain/connection-overrides.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import { signedUrl, twilioSignature } from '../domain/twilio-signature.ts';
import { logExchange } from '../platform/exchange-log.ts';
import { NotSentError } from '../platform/http.ts';
import type { CustomerHost } from './customer-hosts.ts';

/** What became of a callback. `reason` is a sentence; `errorCode` is Twilio's, for the fallback URL. */
export type Posted =
  | { kind: 'accepted'; answer: HttpAnswer }
  | { kind: CallbackFailure; status?: number; reason: string; errorCode: string };

/** Milliseconds. */
export interface CallbackTimeouts {
  timeoutMs: number;
  connectTimeoutMs: number;
}

export interface PostDependencies {
  send(request: HttpRequest, timeouts: CallbackTimeouts): Promise<HttpAnswer>;
  /** Told of each exchange: whether the host was reached (any answer below 500), and how long it took in ms. Never throws. */
  report(host: CustomerHost, outcome: 'reached' | 'unreached', tookMs: number): Promise<void>;
  /** Milliseconds on a clock that is never set. */
  elapsed(): number;
}

/** Posts a callback, signed, as often and as patiently as its URL asks for. */
export async function postCallback(
  task: CallbackTask,
  target: { url: string; method: CallbackTask['method'] },
  authToken: string,
  dependencies: PostDependencies,
): Promise<Posted> {
  const { connectTimeoutMs, readTimeoutMs, totalTimeoutMs, retries, retryOn } = connectionOverrides(target.url);
  const request = signedRequest(task, target.url, target.method, authToken);
  const { elapsed } = dependencies;
  const deadline = elapsed() + totalTimeoutMs;
  for (let retry = 0; ; retry += 1) {
    const left = Math.max(1, Math.round(deadline - elapsed()));
    const timeouts = { timeoutMs: Math.min(readTimeoutMs, left), connectTimeoutMs: Math.min(connectTimeoutMs, left) };
    const began = elapsed();
    const posted = await postOnce(task, request, timeouts, dependencies);
    const wasReached = posted.kind === 'accepted' || posted.kind === '4xx';
    const host = { accountSid: task.accountSid, url: target.url };
    await dependencies.report(host, wasReached ? 'reached' : 'unreached', elapsed() - began);
    if (posted.kind === 'accepted' || retry >= retries || !retryOn.has(posted.kind)) return posted;
    if (elapsed() >= deadline) return posted;
  }
}

async function postOnce(
  task: CallbackTask,
  request: HttpRequest,
  timeouts: CallbackTimeouts,
  { send, elapsed }: PostDependencies,
): Promise<Posted> {
  const started = elapsed();
  try {
    const answer = await send(request, timeouts);
    const { status } = answer;
    logExchange(task.messageSid, request, answer, Math.round(elapsed() - started));
    if (status >= 200 && status < 300) return { kind: 'accepted', answer };
    return { kind: status >= 500 ? '5xx' : '4xx', status, reason: `The answer was ${status}.`, errorCode: '11200' };
  } catch (error) {
    logExchange(task.messageSid, request, error as Error, Math.round(elapsed() - started));
    const kind = error instanceof NotSentError ? 'ct' : 'rt';
    return { kind, reason: (error as Error).message, errorCode: '11205' };
  }
}

/** A part of a URL without its percent-encoding; as it is where that is none (`100%`). */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The request as Twilio makes it: a form body, or the query of a GET, under `X-Twilio-Signature`. */
function signedRequest(
  { params, idempotencyToken }: CallbackTask,
  configuredUrl: string,
  method: CallbackTask['method'],
  authToken: string,
): HttpRequest {
  const form = new URLSearchParams(params).toString();
  const base = signedUrl(configuredUrl);
  const url = method === 'GET' ? `${base}${base.includes('?') ? '&' : '?'}${form}` : base;
  const { username, password } = new URL(configuredUrl);
  return {
    method,
    url,
    headers: {
      'x-twilio-signature': twilioSignature(authToken, url, method === 'GET' ? {} : params),
      'i-twilio-idempotency-token': idempotencyToken,
      'user-agent': 'Switchboard/1.0',
      accept: '*/*',
      ...(username && {
        authorization: `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`,
      }),
      ...(method !== 'GET' && { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    },
    ...(method !== 'GET' && { body: form }),
  };
}
