import type { SQSRecord } from 'aws-lambda';
import type { HttpAnswer, HttpRequest } from '../channels/types.ts';
import { backoffSeconds } from '../domain/retry.ts';
import { type CallbackTask, callbackTaskSchema, type DeadLetter } from '../domain/tasks.ts';
import { signedUrl, twilioSignature } from '../domain/twilio-signature.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { logExchange } from '../platform/exchange-log.ts';
import { again, done, type Handled, readTask } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';

/** How long a callback is tried before it becomes a dead letter, in ms. Twilio tries twice within seconds; this outlives a deploy. */
const GIVE_UP_AFTER_MS = 4 * 3_600_000;

/** The answer asks for nothing more, whatever its status; these ask to be tried again. */
const WORTH_RETRYING = new Set([408, 425, 429]);

export interface NotifyDependencies {
  /** The token that signs for an account; undefined when the account no longer exists. */
  authToken(accountSid: string): Promise<string | undefined>;
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Acts on the answer to an inbound message's webhook (TwiML or text). */
  reply(task: CallbackTask, answer: HttpAnswer): Promise<void>;
  bury(letter: DeadLetter, deduplicationId: string): Promise<void>;
  now: Clock;
}

/** Posts one callback to the customer, signed; retries what may pass, drops what the customer refuses, as Twilio does. */
export async function notify(record: SQSRecord, dependencies: NotifyDependencies): Promise<Handled> {
  const task = readTask(record, callbackTaskSchema);
  const bury = async (reason: string): Promise<Handled> => {
    await dependencies.bury(deadLetter(task, record, reason, dependencies.now()), record.messageId);
    return done;
  };
  if (!task) return bury('The task is not a callback.');
  const authToken = await dependencies.authToken(task.accountSid);
  if (authToken === undefined) return bury('The account no longer exists.');

  const result = await post(task, task.url, task.method, authToken, dependencies);
  if (result.kind === 'accepted') {
    if (task.kind === 'inbound') await dependencies.reply(task, result.answer);
    return done;
  }
  if (task.fallbackUrl) {
    const failed = { ...task, params: { ...task.params, ErrorCode: result.errorCode, ErrorUrl: task.url } };
    const second = await post(failed, task.fallbackUrl, task.fallbackMethod ?? 'POST', authToken, dependencies);
    if (second.kind === 'accepted') {
      await dependencies.reply({ ...task, url: task.fallbackUrl }, second.answer);
      return done;
    }
  }
  if (result.kind === 'refused') return done;
  const age = dependencies.now() - Number(record.attributes.SentTimestamp);
  if (age > GIVE_UP_AFTER_MS) return bury(result.reason);
  return again(backoffSeconds(Number(record.attributes.ApproximateReceiveCount)));
}

type Posted =
  | { kind: 'accepted'; answer: HttpAnswer }
  | { kind: 'refused'; reason: string; errorCode: string }
  | { kind: 'unreachable'; reason: string; errorCode: string };

async function post(
  task: CallbackTask,
  url: string,
  method: CallbackTask['method'],
  authToken: string,
  { send }: NotifyDependencies,
): Promise<Posted> {
  const request = signedRequest(task, url, method, authToken);
  const started = performance.now();
  try {
    const answer = await send(request);
    logExchange(task.messageSid, request, answer, Math.round(performance.now() - started));
    if (answer.status >= 200 && answer.status < 300) return { kind: 'accepted', answer };
    const retry = answer.status >= 500 || WORTH_RETRYING.has(answer.status);
    return { kind: retry ? 'unreachable' : 'refused', reason: `The answer was ${answer.status}.`, errorCode: '11200' };
  } catch (error) {
    logExchange(task.messageSid, request, error as Error, Math.round(performance.now() - started));
    return { kind: 'unreachable', reason: (error as Error).message, errorCode: '11205' };
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
        authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      }),
      ...(method !== 'GET' && { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    },
    ...(method !== 'GET' && { body: form }),
  };
}

function deadLetter(task: CallbackTask | undefined, record: SQSRecord, reason: string, now: number): DeadLetter {
  logger.warn('callback given up', { messageSid: task?.messageSid, reason });
  return {
    kind: 'callback',
    reason,
    at: toIso(now),
    accountSid: task?.accountSid ?? '',
    ...(task && { messageSid: task.messageSid }),
    payload: task ?? record.body,
  };
}
