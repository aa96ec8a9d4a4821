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
import { failures } from '../domain/failure.ts';
import { logExchange } from '../platform/exchange-log.ts';
import { again, type Handled } from '../platform/fifo-batch.ts';
import { InDoubtError, NotSentError, type SendOptions, send } from '../platform/http.ts';
import { type Attempt, entry } from './attempt.ts';
import type { Credentials } from './credentials.ts';
import { fail, giveUp } from './end-message.ts';
import { handleFailure } from './handle-failure.ts';
import { toOutbound } from './outbound-message.ts';
import { HostDownError } from './provider-gate.ts';
import { putBackForHost, retryLater } from './put-back.ts';
import { runSteps } from './run-steps.ts';

/** How long a provider may take to answer, in ms; with a login before it, well inside the lease. */
const SEND_TIMEOUT_MS = 10_000;

/** What is left of the lease when a message is sent, in ms: the provider's time, and our own to write down what came of it. */
const LEAST_LEASE_MS = SEND_TIMEOUT_MS + 5_000;

/** A part was accepted, or what became of the message instead. */
export type PartResult = { id: string | undefined; credentials: Credentials } | { delivery: Handled };

/** The lease is over: another function has the message. */
class TakenOverError extends Error {}

/** What a sender's requests need now. Throws what makes the attempt wait, see `failedToPrepare`. */
export function credentialsOf(attempt: Attempt, rejected?: Credentials): Promise<Credentials> {
  const { sender, channel, dependencies, pass } = attempt;
  const logIn = (request: HttpRequest, options: SendOptions) => pass.exchange(request, () => send(request, options));
  return dependencies.credentials.get(sender, channel, dependencies.now(), rejected?.session, logIn);
}

/** Sends one part; with new credentials once more if these were refused. */
export async function sendPart(
  attempt: Attempt,
  index: number,
  planned: MessagePart[],
  credentials: Credentials,
): Promise<PartResult> {
  const { channel, message } = attempt;
  let parts = planned;
  let current = credentials;
  for (let tries = 0; ; tries += 1) {
    let outcome: Outcome;
    try {
      outcome = await attemptPart(attempt, index, parts);
    } catch (error) {
      return {
        delivery: await (error instanceof InDoubtError ? doubt(attempt, error) : failedToPrepare(attempt, error)),
      };
    }
    if (outcome.outcome === 'accepted') return { id: outcome.id, credentials: current };
    if (outcome.class !== 'auth' || tries > 0 || !current.session) {
      return { delivery: await handleFailure(attempt, outcome) };
    }
    try {
      current = await credentialsOf(attempt, current);
    } catch (error) {
      if (isUnreachable(error)) return { delivery: await handleFailure(attempt, outcome) };
      throw error;
    }
    parts = await channel.plan(toOutbound(message), current.context, current.session);
  }
}

/** One part's steps and its own request. */
async function attemptPart(attempt: Attempt, index: number, parts: MessagePart[]): Promise<Outcome> {
  const { channel, message, dependencies, pass, lease } = attempt;
  const part = parts[index];
  if (!part) throw new Error(`Part ${index} of ${message.sid} disappeared when it was rendered again.`);
  let values: StepValues = {};
  if (part.steps.length > 0) {
    const result = await runSteps(part.steps, {
      messageSid: message.sid,
      allowLoopback: dependencies.allowLoopback,
      pass,
    });
    if (result.outcome === 'failed') return result;
    values = result.values;
  }
  const request = await part.request(values);
  // After a slow login and slow steps another function may have taken the message over, or be about to.
  if (!(await lease.lasts(LEAST_LEASE_MS))) throw new TakenOverError();
  const answer = await pass.exchange(request, () => exchange(request, attempt), true);
  return channel.interpret(answer, { message: toOutbound(message), part: { index, count: parts.length } });
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

/** The request left and no answer came. Where a status may tell what became of it, the message waits for that first. */
async function doubt(attempt: Attempt, error: InDoubtError): Promise<Handled> {
  const { channel, lease, dependencies } = attempt;
  const { wait, resend } = channel.inDoubt;
  if (wait > 0) {
    const at = dependencies.now();
    await lease.moveTo(at + wait * 1_000, entry(at, 'in-doubt', { wait }));
    return again(wait);
  }
  return resend ? retryLater(attempt, { reason: error.message }) : giveUp(attempt, failures.inDoubt());
}

/** What stops a message before its request has left. */
export async function failedToPrepare(attempt: Attempt, error: unknown): Promise<Handled> {
  if (error instanceof HostDownError) return putBackForHost(attempt, error.waitMs);
  if (error instanceof TakenOverError) return again(attempt.dependencies.leaseMs / 1_000);
  if (error instanceof UnsupportedMessageError) return fail(attempt, failures.unsupported(error.message));
  if (error instanceof MissingValueError) return giveUp(attempt, failures.misconfigured(error.message));
  if (isUnreachable(error)) return retryLater(attempt, { reason: error.message });
  throw error;
}

/** Errors that mean the channel could not be reached or logged in to: worth another attempt. */
function isUnreachable(error: unknown): error is Error {
  return error instanceof NotSentError || error instanceof InDoubtError || error instanceof ChannelAnswerError;
}
