import type { FailedOutcome, HttpRequest, Step, StepValues } from '../channels/types.ts';
import { failures } from '../domain/failure.ts';
import type { AddressPolicy } from '../domain/url-policy.ts';
import { logExchange } from '../platform/exchange-log.ts';
import { type BinaryAnswer, InDoubtError, NotSentError, sendForBytes } from '../platform/http.ts';
import { HostDownError, type ProviderPass } from './provider-gate.ts';

/** For all steps of a part together, in ms: with a login before and the send after, inside the lease. */
const STEPS_TIMEOUT_MS = 8_000;

/** The largest file that is passed on, in bytes; it is held in memory. More than any channel takes that wants uploads. */
const MAX_FILE_BYTES = 25 * 1_048_576;

const MAX_REDIRECTS = 3;

export type StepsResult = { outcome: 'done'; values: StepValues } | FailedOutcome;

/**
 * Makes the requests that go before a part's own, in order. They may be repeated: what they do nobody sees.
 * Throws `HostDownError` when the provider is known to be down.
 * @returns what they gave, or the failure of the first that failed
 */
export async function runSteps(
  steps: readonly Step[],
  { messageSid, allowLoopback, pass }: { messageSid: string; allowLoopback: boolean; pass: ProviderPass },
): Promise<StepsResult> {
  const values: Record<string, unknown> = {};
  const deadline = performance.now() + STEPS_TIMEOUT_MS;
  for (const step of steps) {
    const isProvider = step.kind === 'request';
    const answer = await exchange(await step.request(values), {
      messageSid,
      // A customer's URL must be public; a provider may be a device in a private network.
      addresses: { allowLoopback, allowPrivate: isProvider },
      deadline,
      redirects: isProvider ? 0 : MAX_REDIRECTS,
      pass: isProvider ? pass : undefined,
    });
    if ('outcome' in answer) return isProvider ? answer : { ...answer, ...downloadCode() };
    if (answer.bytes.length > MAX_FILE_BYTES) return tooLarge();
    const reading = await step.read(answer);
    if (reading.outcome === 'failed') return reading;
    values[step.name] = reading.value;
  }
  return { outcome: 'done', values };
}

interface ExchangeOptions {
  messageSid: string;
  addresses: AddressPolicy;
  deadline: number;
  redirects: number;
  /** For requests to the provider: customers' hosts are their own affair. */
  pass: ProviderPass | undefined;
}

async function exchange(request: HttpRequest, options: ExchangeOptions): Promise<BinaryAnswer | FailedOutcome> {
  const { messageSid, addresses, deadline, redirects, pass } = options;
  const started = performance.now();
  const duration = () => Math.round(performance.now() - started);
  let answer: BinaryAnswer;
  try {
    const timeoutMs = Math.max(1, Math.round(deadline - started));
    const make = () => sendForBytes(request, { addresses, timeoutMs, maxBytes: MAX_FILE_BYTES + 1 });
    answer = await (pass ? pass.exchange(request, make) : make());
  } catch (error) {
    if (error instanceof HostDownError) throw error;
    if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
    logExchange(messageSid, request, error, duration());
    return { outcome: 'failed', class: 'retry', twilioCode: 63_009, title: error.message, scope: 'contact' };
  }
  logExchange(messageSid, request, { ...answer, body: '' }, duration());
  const { location } = answer.headers;
  const isRedirect = answer.status >= 300 && answer.status < 400 && location !== undefined;
  const target = isRedirect && redirects > 0 ? URL.parse(location, request.url) : null;
  return target === null
    ? answer
    : exchange({ ...request, url: target.href }, { ...options, redirects: redirects - 1 });
}

function downloadCode(): { twilioCode: number; title: string } {
  const { errorCode, errorMessage } = failures.mediaUnreachable();
  return { twilioCode: errorCode, title: errorMessage };
}

function tooLarge(): FailedOutcome {
  const { errorCode, errorMessage } = failures.mediaTooLarge(MAX_FILE_BYTES);
  return { outcome: 'failed', class: 'permanent', twilioCode: errorCode, title: errorMessage, scope: 'contact' };
}
