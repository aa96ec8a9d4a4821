import type { FailedOutcome } from '../../lambdas/channels/types.ts';
import {
  accept,
  failedAnswer,
  jsonAnswer,
  loginAnswer,
  repeatedAnswer,
  setPath,
  stepAnswer,
  unprovenAnswer,
} from './channel/answers.ts';
import type { Answer } from './channel/cases.ts';
import { tokenProofs } from './channel/examples.ts';
import { type Captures, hasUuid, UUID_NAME } from './channel/fit.ts';
import { type IncomingRequest, type Recognised, recognise } from './channel/recognise.ts';
import { templateOf } from './channel/sign.ts';
import { isSignedWith } from './channel/sigv4.ts';
import type { Laboratory, StoredMedia } from './laboratory.ts';
import { connect } from './network/connect.ts';
import { type Accepted, deliver } from './network/deliver.ts';
import type { Sender, SenderExample } from './network/sender.ts';

/** What a provider does with a request: an answer, and what follows from it once the answer is on its way. */
export interface Reaction {
  answer: Answer | { file: StoredMedia };
  recognised: Recognised<SenderExample> | undefined;
  problems: string[];
  afterwards?: () => void;
}

/** Plays the provider that a request is meant for. */
export async function react(request: IncomingRequest, laboratory: Laboratory): Promise<Reaction> {
  if (request.method === 'GET' && laboratory.unconfirmed.delete(request.url.href)) {
    return { answer: jsonAnswer(200, {}), recognised: undefined, problems: [] };
  }
  const examples = [...laboratory.senders.values()].flatMap((sender) => sender.examples);
  const recognised = recognise(request, examples);
  if (!recognised) {
    const answer = jsonAnswer(404, {
      error: `No sender makes a ${request.method} ${request.url.host}${request.url.pathname}.`,
    });
    return { answer, recognised, problems: ['no sender makes such a request'] };
  }
  const { sender } = recognised.example;
  const problems = [...recognised.problems, ...(await proofProblems(recognised, request, laboratory))];
  if (problems.length === 0) return { ...(await serve(recognised, laboratory)), recognised, problems };
  const isUnproven = recognised.isUnproven || problems.length > recognised.problems.length;
  const answer = isUnproven ? unprovenAnswer(sender.played) : refusal(sender);
  return { answer, recognised, problems };
}

function refusal({ played }: Sender): Answer {
  const permanent = played.cases.interpret.find(
    ({ answer, outcome }) => (outcome as Partial<FailedOutcome>).class === 'permanent' && answer.status === 400,
  );
  return permanent?.answer ?? failedAnswer(played, { status: 400 });
}

/** What should prove who asks and changes with time: tokens, assertions, signatures. */
async function proofProblems(
  { captures, example }: Recognised<SenderExample>,
  request: IncomingRequest,
  { clock }: Laboratory,
): Promise<string[]> {
  const { sender, names } = example;
  const problems: string[] = [];
  const token = captures['token'];
  if (token !== undefined && !sender.isLive(token, clock.now())) problems.push('the token is unknown or has expired');
  const { proof } = captures;
  if (proof !== undefined && !tokenProofs(sender.context, token ?? '').includes(proof)) {
    problems.push('the proof is not of this token');
  }
  const assertion = captures['assertion'];
  const own = [...names].find(([, name]) => name === 'assertion')?.[0] ?? '';
  if (assertion !== undefined && !sender.isOwnAssertion(assertion, own)) problems.push('the assertion is not its own');
  if (example.headers['authorization']?.startsWith('AWS4-') && !(await isSigned(request, sender))) {
    problems.push('the AWS signature is wrong');
  }
  return problems;
}

async function isSigned(request: IncomingRequest, { played, context }: Sender): Promise<boolean> {
  const auth = played.spec['auth'] as Record<string, unknown>;
  const value = async (name: string) => String((await templateOf(auth[name]).run({ sender: context })) ?? '');
  return isSignedWith(
    request,
    { accessKeyId: await value('accessKeyId'), secretAccessKey: await value('secretAccessKey') },
    { service: await value('service'), region: await value('region') },
  );
}

async function serve(
  { example, captures }: Recognised<SenderExample>,
  laboratory: Laboratory,
): Promise<Pick<Reaction, 'answer' | 'afterwards'>> {
  const { sender } = example;
  const { played } = sender;
  switch (example.purpose) {
    case 'login':
      return { answer: await logIn(sender, laboratory) };
    case 'connect':
      return connect(captures['webhook'], sender, laboratory);
    case 'step':
      return { answer: stepAnswer(played, example.label) };
    case 'download':
      return { answer: download(captures['media'] ?? '', sender, laboratory) };
    case 'send':
      return takeMessage(example, captures, laboratory);
  }
}

/** Accepts a message once, however often it comes with the same key. */
function takeMessage(
  example: SenderExample,
  captures: Captures,
  laboratory: Laboratory,
): Pick<Reaction, 'answer' | 'afterwards'> {
  const { sender, kind } = example;
  const { sid, to = '', text, link, replyTo, [UUID_NAME]: key } = captures;
  const earlier = key === undefined ? undefined : sender.accepted.get(key);
  if (earlier) return { answer: repeatedAnswer(sender.played) ?? earlier };
  // A key in the URL or the body may be the message's id; one in a header only marks a repetition.
  const isIdKey = hasUuid([example.url.href, example.body]);
  const { answer, id } = accept(sender.played, kind, isIdKey ? key : undefined);
  if (key !== undefined) sender.accepted.set(key, answer);
  const message: Accepted = { id, sid, to, shown: { type: kind, text, link, replyTo, content: captures } };
  return { answer, afterwards: () => deliver(message, sender, laboratory) };
}

async function logIn(sender: Sender, { clock }: Laboratory): Promise<Answer> {
  const now = clock.now();
  const { token, expiresAt } = sender.newSession(now);
  const answer = loginAnswer(sender.played, token, expiresAt);
  // How long it lives is what the answer says, read as the gateway will read it.
  const session = await sender.played.channel.login?.session(answer, now);
  if (session) sender.endSession(token, Date.parse(session.expiresAt));
  return answer;
}

function download(id: string, { played }: Sender, { media, url }: Laboratory): Reaction['answer'] {
  const file = media.get(id);
  if (!file) return failedAnswer(played, { status: 404 });
  // Some answer where the file is, and not the file.
  const { media: spec } = played.spec['inbound'] as { media?: Record<string, unknown> };
  const [, path] = /"\{% *answer\.body\.([\w.]+) *%\}"/.exec(JSON.stringify(spec?.['follow'] ?? '')) ?? [];
  if (path === undefined) return { file };
  const body = {};
  setPath(body, path, `${url()}/media/${encodeURIComponent(id)}`);
  return jsonAnswer(200, body);
}
