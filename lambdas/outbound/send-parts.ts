import { MissingValueError } from '../channels/http/request.ts';
import {
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type OutboundMessage,
  type Outcome,
  UnsupportedMessageError,
} from '../channels/types.ts';
import { failures } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { pause } from '../platform/clock.ts';
import { logExchange } from '../platform/exchange-log.ts';
import type { Handled } from '../platform/fifo-batch.ts';
import { InDoubtError, NotSentError, send } from '../platform/http.ts';
import type { Attempt } from './attempt.ts';
import type { Credentials } from './credentials.ts';
import { announce, fail, handleFailure, recordPart, retryLater } from './settle.ts';

/** How long a provider may take to answer, in ms; with a login before it, well inside the lease. */
const SEND_TIMEOUT_MS = 10_000;

/** Sends the parts that were not accepted yet, in order, and records each before the next. */
export async function sendParts(attempt: Attempt): Promise<Handled> {
  const { sender, channel, dependencies } = attempt;
  let { message } = attempt;
  let credentials: Credentials;
  let parts: HttpRequest[];
  try {
    credentials = await dependencies.credentials.get(sender, channel, dependencies.now());
    parts = await channel.render(toOutbound(message), credentials.context, credentials.session);
  } catch (error) {
    if (error instanceof UnsupportedMessageError) return fail(attempt, failures.unsupported(error.message));
    if (error instanceof MissingValueError) return fail(attempt, failures.misconfigured(error.message));
    if (isUnreachable(error)) return retryLater(attempt, { reason: error.message });
    throw error;
  }
  for (let index = message.channelMessageIds.length; index < parts.length; index += 1) {
    if (index > 0) await waitForSlot(attempt);
    const result = await sendPart(attempt, index, parts[index], credentials);
    if ('delivery' in result) return result.delivery;
    credentials = result.credentials;
    message = await recordPart({ ...attempt, message }, result.id, index === parts.length - 1);
  }
  return announce(attempt, message);
}

/** Sends one part; with new credentials once more if these were refused. */
async function sendPart(
  attempt: Attempt,
  index: number,
  first: HttpRequest | undefined,
  credentials: Credentials,
): Promise<{ id: string | undefined; credentials: Credentials } | { delivery: Handled }> {
  const { channel, sender, message, dependencies } = attempt;
  let request = first;
  let current = credentials;
  for (let tries = 0; request; tries += 1) {
    let outcome: Outcome;
    try {
      outcome = await channel.interpret(await exchange(request, attempt));
    } catch (error) {
      if (error instanceof InDoubtError && channel.inDoubt === 'give-up') {
        return { delivery: await fail(attempt, failures.inDoubt()) };
      }
      if (isUnreachable(error)) return { delivery: await retryLater(attempt, { reason: error.message }) };
      throw error;
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
    request = (await channel.render(toOutbound(message), current.context, current.session))[index];
  }
  throw new Error(`Part ${index} of ${message.sid} disappeared when it was rendered again.`);
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

function toOutbound(message: Message): OutboundMessage {
  const { sid, accountSid, channel, from, to, body, media, location, replyTo } = message;
  return {
    sid,
    accountSid,
    channel,
    from,
    to,
    ...(body !== undefined && { body }),
    ...(media.length > 0 && {
      media: media.flatMap(({ url, contentType, filename }) => (url ? [{ url, contentType, filename }] : [])),
    }),
    ...(location && { location }),
    ...(replyTo && { replyTo }),
  };
}
