import type { Channel, HttpAnswer, HttpRequest, SenderContext, Session } from '../channels/types.ts';
import { ChannelAnswerError } from '../channels/types.ts';
import { invalid } from '../domain/json-request.ts';
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
  const given = await login.given?.(sender, dependencies.now());
  if (given) return given.session;
  const task = { purpose: 'log in', channel, secrets: Object.values(sender.secrets) };
  const answer = await exchange(await login.request(sender, dependencies.now()), task, dependencies);
  try {
    return await login.session(answer, dependencies.now());
  } catch (error) {
    if (!(error instanceof ChannelAnswerError)) throw error;
    throw (
      (await refusalIn(answer, task)) ??
      invalid(['configuration: the channel accepted the login, but answered no session'])
    );
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
  const secrets = [...Object.values(sender.secrets), webhookUrl, session?.token ?? ''];
  const task = { purpose: 'set the webhook', channel, secrets };
  for (const request of await channel.connect(sender, webhookUrl, session)) {
    const refusal = await refusalIn(await exchange(request, task, dependencies), task);
    if (refusal) throw refusal;
  }
}

/** Undoes what `connect` did, where the spec says how. Throws 63100. */
export async function disconnect(
  channel: Channel,
  sender: SenderContext,
  session: Session | undefined,
  dependencies: ConnectDependencies,
): Promise<void> {
  const secrets = [...Object.values(sender.secrets), session?.token ?? ''];
  const task = { purpose: 'take back the webhook', channel, secrets };
  for (const request of await channel.disconnect(sender, session)) {
    const refusal = await refusalIn(await exchange(request, task, dependencies), task);
    if (refusal) throw refusal;
  }
}

/** What a request is made for, and what no error may show. */
interface Task {
  purpose: string;
  channel: Channel;
  secrets: readonly string[];
}

async function exchange(request: HttpRequest, task: Task, { send, policy }: ConnectDependencies): Promise<HttpAnswer> {
  const { purpose } = task;
  const addresses = { ...policy, allowPrivate: true };
  const problem = checkUrl(request.url, addresses);
  if (problem) throw invalid([`configuration: the address to ${purpose} at ${problem.message}`]);
  const answer = await send(request, { addresses, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
    throw invalid([`configuration: could not ${purpose}: ${error.message}`]);
  });
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw (await refusalIn(answer, task)) ?? refused(purpose, answer.status);
}

/** Longer than any provider's title of an error. */
const MAX_WORDS = 200;

/** The error for an answer with which the channel refuses, which some do inside an HTTP 200; undefined for any other. */
async function refusalIn(answer: HttpAnswer, { purpose, channel, secrets }: Task): Promise<Error | undefined> {
  const refusal = await channel.refusal(answer);
  if (!refusal) return undefined;
  let words = refusal.title ?? '';
  // Some providers quote a token that they do not like.
  for (const secret of secrets) if (secret !== '') words = words.replaceAll(secret, '…');
  return refused(
    purpose,
    answer.status,
    refusal.code,
    words
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, MAX_WORDS),
  );
}

/** Only what the spec says are the channel's own code and words: the rest of an answer may be anybody's. */
function refused(purpose: string, status: number, code = '', words = ''): Error {
  const said = `HTTP ${status}${code && `, code ${code}`}${words && `: ${words}`}`;
  return invalid([`configuration: could not ${purpose}: the channel answered ${said}`]);
}
