import { MissingValueError } from '../channels/http/request.ts';
import {
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type MessagePart,
  type Outcome,
  type StepValues,
  UnsupportedMessageError,
} from '../channels/types.ts';
import { type Failure, failures } from '../domain/failure.ts';
import { isFreeForm } from '../domain/window.ts';
import { pause } from '../platform/clock.ts';
import { logExchange } from '../platform/exchange-log.ts';
import type { Handled } from '../platform/fifo-batch.ts';
import { InDoubtError, NotSentError, send } from '../platform/http.ts';
import type { Attempt } from './attempt.ts';
import type { Credentials } from './credentials.ts';
import { toOutbound } from './outbound-message.ts';
import { runSteps } from './run-steps.ts';
import { announce, fail, handleFailure, recordPart, retryLater } from './settle.ts';

/** How long a provider may take to answer, in ms; with a login before it, well inside the lease. */
const SEND_TIMEOUT_MS = 10_000;

/** Sends the parts that were not accepted yet, in order, and records each before the next. */
export async function sendParts(attempt: Attempt): Promise<Handled> {
  const { sender, channel, dependencies } = attempt;
  let { message } = attempt;
  let credentials: Credentials;
  let parts: MessagePart[];
  try {
    credentials = await dependencies.credentials.get(sender, channel, dependencies.now());
    parts = await channel.plan(toOutbound(message), credentials.context, credentials.session);
  } catch (error) {
    return failedToPrepare(attempt, error);
  }
  for (let index = message.channelMessageIds.length; index < parts.length; index += 1) {
    if (index > 0) await waitForSlot(attempt);
    const slot = await takeWindow(attempt, index);
    if (!slot.taken) return fail(attempt, slot.failure);
    const sentAt = dependencies.now();
    const result = await sendPart(attempt, index, parts, credentials);
    if ('delivery' in result) {
      if (result.delivery.done) await slot.giveBack();
      return result.delivery;
    }
    credentials = result.credentials;
    const isLast = index === parts.length - 1;
    message = await recordPart({ ...attempt, message }, { id: result.id, sentAt, isLast });
  }
  return announce(attempt, message);
}

/** Sends one part; with new credentials once more if these were refused. */
async function sendPart(
  attempt: Attempt,
  index: number,
  planned: MessagePart[],
  credentials: Credentials,
): Promise<{ id: string | undefined; credentials: Credentials } | { delivery: Handled }> {
  const { channel, sender, message, dependencies } = attempt;
  let parts = planned;
  let current = credentials;
  for (let tries = 0; ; tries += 1) {
    let outcome: Outcome;
    try {
      outcome = await attemptPart(attempt, index, parts);
    } catch (error) {
      if (error instanceof InDoubtError && channel.inDoubt === 'give-up') {
        return { delivery: await fail(attempt, failures.inDoubt()) };
      }
      return { delivery: await failedToPrepare(attempt, error) };
    }
    if (outcome.outcome === 'accepted') return { id: outcome.id, credentials: current };
    if (outcome.class !== 'auth' || tries > 0 || !current.session) {
      return { delivery: await handleFailure(attempt, outcome) };
    }
    try {
      current = await dependencies.credentials.get(sender, channel, dependencies.now(), current.session);
    } catch (error) {
      if (isUnreachable(error)) return { delivery: await handleFailure(attempt, outcome) };
      throw error;
    }
    parts = await channel.plan(toOutbound(message), current.context, current.session);
  }
}

/** One part's steps and its own request. */
async function attemptPart(attempt: Attempt, index: number, parts: MessagePart[]): Promise<Outcome> {
  const { channel, message, dependencies } = attempt;
  const part = parts[index];
  if (!part) throw new Error(`Part ${index} of ${message.sid} disappeared when it was rendered again.`);
  let values: StepValues = {};
  if (part.steps.length > 0) {
    const result = await runSteps(part.steps, {
      messageSid: message.sid,
      allowLoopback: dependencies.allowLoopback,
    });
    if (result.outcome === 'failed') return result;
    values = result.values;
  }
  const answer = await exchange(await part.request(values), attempt);
  return channel.interpret(answer, { message: toOutbound(message), part: { index, count: parts.length } });
}

/** Where a channel allows only so many messages since the contact's last one: takes one of them. */
async function takeWindow(
  { channel, sender, message, dependencies: { windows } }: Attempt,
  index: number,
): Promise<{ taken: true; giveBack(): Promise<void> } | { taken: false; failure: Failure }> {
  const { count, errorCode, outside } = channel.window ?? {};
  if (count === undefined || errorCode === undefined || !isFreeForm(toOutbound(message), outside ?? [])) {
    return { taken: true, giveBack: async () => undefined };
  }
  const key = `${message.sid}#${index}`;
  if (!(await windows.take(sender.sid, message.to, key, count))) {
    return { taken: false, failure: failures.windowFull(errorCode, count) };
  }
  return { taken: true, giveBack: () => windows.giveBack(sender.sid, message.to, key) };
}

/** What stops a message before its request has left. */
async function failedToPrepare(attempt: Attempt, error: unknown): Promise<Handled> {
  if (error instanceof UnsupportedMessageError) return fail(attempt, failures.unsupported(error.message));
  if (error instanceof MissingValueError) return fail(attempt, failures.misconfigured(error.message));
  if (isUnreachable(error)) return retryLater(attempt, { reason: error.message });
  throw error;
}

async function exchange(request: HttpRequest, { message, dependencies }: Attempt): Promise<HttpAnswer> {
  const started = performance.now();
  const finished = () => Math.round(performance.now() - started);
  try {
    const answer = await send(request, {
      addresses: { allowLoopback: dependencies.allowLoopback, allowPrivate: true },
      timeoutMs: SEND_TIMEOUT_MS,
    });
    logExchange(message.sid, request, answer, finished());
    return answer;
  } catch (error) {
    logExchange(message.sid, request, error as Error, finished());
    throw error;
  }
}

/** A further part is a further request, and takes a slot of its own. */
async function waitForSlot({ sender, channel, dependencies }: Attempt): Promise<void> {
  for (;;) {
    const now = dependencies.now();
    const reservation = await dependencies.pacing.reserve(sender.sid, 1, channel.limits.rate, now);
    await pause('slots' in reservation ? Math.max(0, (reservation.slots[0] ?? now) - now) : reservation.waitMs);
    if ('slots' in reservation) return;
  }
}

/** Errors that mean the channel could not be reached or logged in to: worth another attempt. */
function isUnreachable(error: unknown): error is Error {
  return error instanceof NotSentError || error instanceof InDoubtError || error instanceof ChannelAnswerError;
}
