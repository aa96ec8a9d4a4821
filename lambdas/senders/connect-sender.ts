import type { Channel, FailedOutcome, HttpAnswer, HttpRequest, SenderContext, Session } from '../channels/types.ts';
import { ChannelAnswerError } from '../channels/types.ts';
import { invalid } from '../domain/sender-request.ts';
import { type AddressPolicy, checkUrl } from '../domain/url-policy.ts';
import type { Clock } from '../platform/clock.ts';
import { InDoubtError, NotSentError, type SendOptions } from '../platform/http.ts';

export interface ConnectDependencies {
  send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer>;
  /** Of the customer's URLs; private addresses are allowed here in any case, since devices live in private networks. */
  policy: AddressPolicy;
  now: Clock;
}

/** Long enough for a device, short enough that three exchanges fit into one API request. */
const TIMEOUT_MS = 8_000;

/** Logs in with what the customer gave, which proves it right. Throws 63100; its sentence holds no secret. */
export async function logIn(
  channel: Channel,
  sender: SenderContext,
  dependencies: ConnectDependencies,
): Promise<Session | undefined> {
  const { login } = channel;
  if (!login) return undefined;
  const request = await login.request(sender, dependencies.now());
  const answer = await exchange('log in', request, channel, dependencies);
  try {
    return await login.session(answer, dependencies.now());
  } catch (error) {
    if (!(error instanceof ChannelAnswerError)) throw error;
    throw invalid(['configuration: the channel accepted the login, but answered no session']);
  }
}

/** Connects the sender: the spec's requests, which tell the channel where its webhooks go. Throws 63100. */
export async function connect(
  channel: Channel,
  sender: SenderContext,
  webhookUrl: string,
  session: Session | undefined,
  dependencies: ConnectDependencies,
): Promise<void> {
  for (const request of await channel.connect(sender, webhookUrl, session)) {
    const answer = await exchange('set the webhook', request, channel, dependencies);
    // Some channels refuse inside an HTTP 200.
    const refusal = await channel.refusal(answer);
    if (refusal) throw refused('set the webhook', answer, refusal);
  }
}

async function exchange(
  purpose: string,
  request: HttpRequest,
  channel: Channel,
  { send, policy }: ConnectDependencies,
): Promise<HttpAnswer> {
  const addresses = { ...policy, allowPrivate: true };
  const problem = checkUrl(request.url, addresses);
  if (problem) throw invalid([`configuration: the address to ${purpose} at ${problem.message}`]);
  const answer = await send(request, { addresses, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
    throw invalid([`configuration: could not ${purpose}: ${error.message}`]);
  });
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refused(purpose, answer, await channel.refusal(answer));
}

/** Only the status and the channel's own code: the rest of the answer may be anybody's. */
function refused(purpose: string, { status }: HttpAnswer, refusal: FailedOutcome | undefined): Error {
  const code = refusal?.code ? `, code ${refusal.code}` : '';
  return invalid([`configuration: could not ${purpose}: the channel answered HTTP ${status}${code}`]);
}
