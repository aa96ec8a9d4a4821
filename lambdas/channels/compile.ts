import { compileDownloads, type Downloads } from './downloads.ts';
import { EvaluationError } from './expressions/evaluator.ts';
import { scopesOf } from './expressions/scope.ts';
import { andThen } from './expressions/settled.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { decodeAnswer } from './http/answer.ts';
import { compileRequest } from './http/request.ts';
import { SpecError } from './mistakes.ts';
import { compileOutbound, type OutboundCase, selectCase } from './outbound.ts';
import { type Part, partsOf } from './parts.ts';
import { addressKind } from './primitives/addresses.ts';
import type { SigningHost } from './primitives/auth/aws-sigv4.ts';
import { compileAuth } from './primitives/auth/registry.ts';
import { compileErrors } from './primitives/errors.ts';
import { compileReceive } from './receive.ts';
import { compileCompletion, describeInputs } from './registration.ts';
import type { ChannelSpec } from './spec.ts';
import { stepOf } from './steps.ts';
import {
  type Channel,
  type HttpRequest,
  type MessagePart,
  type OutboundMessage,
  type SenderContext,
  type Session,
  UnsupportedMessageError,
} from './types.ts';

/** Stands for the sender of a webhook read without one, on the command line. */
const UNKNOWN_SENDER: SenderContext = { address: '<sender.address>', fields: {}, secrets: {} };

const HERE: SigningHost = { now: Date.now, environment: process.env };

/**
 * Compiles a spec once; everything that can be decided before a message is there is decided here.
 * @param compiler a new one; it decides whether the spec's expressions are checked (see `expressions/template.ts`)
 * @param host the clock and the credentials that signatures need, another one in tests
 * @throws SpecError with every mistake in its expressions
 */
export function compileChannel(spec: ChannelSpec, compiler: TemplateCompiler, host: SigningHost = HERE): Channel {
  const scopes = scopesOf(Object.keys(spec.registration.fields), Object.keys(spec.registration.secrets));

  const address = addressKind(spec.address);
  const { authorize, login } = compileAuth(spec.auth, ['auth'], scopes, compiler, host);
  const cases = compileOutbound(spec.outbound, ['outbound'], scopes, compiler);
  const answerId = compiler.template(spec.outbound.answer.id, ['outbound', 'answer', 'id'], scopes.sent);
  const errors = compileErrors(spec.errors, ['errors'], scopes, compiler);
  const receive = compileReceive(
    spec.inbound,
    ['inbound'],
    scopes,
    compiler,
    { channel: spec.name, address, errors, statuses: spec.statuses },
    host.now,
  );
  const connecting = spec.registration.connect.map((request, index) =>
    compileRequest(request, ['registration', 'connect', index], scopes.connect, compiler),
  );
  const downloads = compileDownloads(spec.inbound, ['inbound'], scopes, compiler, { authorize, errors });
  if (compiler.mistakes.length > 0) throw new SpecError(compiler.mistakes);

  const complete = compileCompletion(spec.registration);
  const stepParts = { authorize, errors, encoding: spec.outbound.answer.encoding };

  const cut = async (message: OutboundMessage, sender: SenderContext): Promise<Part<OutboundCase>[]> => {
    try {
      return await partsOf(message, spec.name, spec.limits.text, (kind, { text, media }) =>
        selectCase(cases, kind, { message, sender, text, media }),
      );
    } catch (error) {
      throw asRefusal(error, spec.name);
    }
  };

  const plan = async (message: OutboundMessage, given: SenderContext, session?: Session): Promise<MessagePart[]> => {
    const sender = complete(given);
    const parts = await cut(message, sender);
    return parts
      .map(({ case: found, text, media }, index): MessagePart => {
        const roots = { message, text, media, part: partRoot(index, parts.length), sender, session };
        return {
          steps: found.steps.map((step) => refusing(stepOf(step, roots, stepParts), spec.name)),
          request: (steps) => {
            const all = found.steps.length === 0 ? roots : { ...roots, steps };
            return andThen(found.build(all), (request) => authorize(request, all));
          },
        };
      })
      .map((part) => refusing(part, spec.name));
  };

  const render: Channel['render'] = async (message, sender, session) => {
    const requests: HttpRequest[] = [];
    for (const part of await plan(message, sender, session)) {
      const values: Record<string, unknown> = {};
      for (const step of part.steps) {
        requests.push(await step.request(values));
        values[step.name] = step.placeholder;
      }
      const request = part.request(values);
      requests.push(request instanceof Promise ? await request : request);
    }
    return requests;
  };

  const statusGroups = spec.inbound.events.filter((group) => group.type === 'status');
  const someStatusHas = (key: 'id' | 'before') =>
    statusGroups.some(
      ({ event, cases: more = [] }) =>
        event.sid === undefined && [event, ...more.map((one) => one.event)].some((keys) => key in keys),
    );

  return {
    name: spec.name,
    address: {
      scheme: spec.address.scheme,
      parse: address.parse,
      format: (text) => spec.address.scheme + address.format(text),
    },
    limits: { textLength: spec.limits.text.max, rate: spec.limits.rate },
    window: spec.window,
    inDoubt: spec.outbound.inDoubt,
    validityPeriod: spec.outbound.validityPeriod,
    needsIdPointer: someStatusHas('id'),
    hasWatermarks: someStatusHas('before'),
    webhookAnswer: {
      status: 200,
      headers: spec.inbound.answer.contentType === undefined ? {} : { 'Content-Type': spec.inbound.answer.contentType },
      body: spec.inbound.answer.body,
    },
    registration: {
      fields: describeInputs(spec.registration.fields),
      secrets: describeInputs(spec.registration.secrets),
    },

    supports: async (message, sender) => {
      try {
        await cut(message, complete(sender));
        return undefined;
      } catch (error) {
        if (error instanceof UnsupportedMessageError) return { what: error.what, reason: error.message };
        throw error;
      }
    },
    plan,
    render,

    interpret: async (answer, sent) => {
      const decoded = await decodeAnswer(answer, spec.outbound.answer.encoding);
      const part = sent && partRoot(sent.part.index, sent.part.count);
      const roots = { answer: decoded, message: sent?.message, part };
      const code = await errors.codeOf(roots);
      const isSuccess = answer.status >= 200 && answer.status < 300 && code === undefined;
      if (!isSuccess) return errors.classify(roots, code, answerId.run);
      if (spec.outbound.answer.id === undefined) return { outcome: 'accepted' };
      const id = await answerId.run(roots);
      return id === undefined || id === null
        ? errors.classify(roots, code, answerId.run)
        : { outcome: 'accepted', id: String(id) };
    },

    refusal: async (answer) => errors.refusal(await decodeAnswer(answer, spec.outbound.answer.encoding)),

    receive: (webhook, sender) =>
      receive(webhook, sender === undefined ? UNKNOWN_SENDER : complete(sender), sender === undefined),

    login: login && {
      renewBefore: login.renewBefore,
      request: (sender, at, again = false) => login.request(complete(sender), at, again),
      session: login.session,
    },

    connect: async (givenSender, webhookUrl, session) => {
      const roots = { sender: complete(givenSender), webhook: { url: webhookUrl }, session };
      return Promise.all(connecting.map(async (build) => authorize(await build(roots), roots)));
    },

    ...completed(downloads, complete),
  };
}

function partRoot(index: number, count: number): { index: number; count: number; last: boolean } {
  return { index, count, last: index === count - 1 };
}

/** The same message fails an expression the same way again, so it is refused and not retried. */
function asRefusal(error: unknown, channel: string): unknown {
  return error instanceof EvaluationError ? new UnsupportedMessageError(`${channel}: ${error.message}`) : error;
}

/** With a request that refuses what its expressions fail on. */
function refusing<Requesting extends Pick<MessagePart, 'request'>>(part: Requesting, channel: string): Requesting {
  const { request } = part;
  part.request = (values) => {
    try {
      const built = request(values);
      return built instanceof Promise ? built.catch((error) => Promise.reject(asRefusal(error, channel))) : built;
    } catch (error) {
      throw asRefusal(error, channel);
    }
  };
  return part;
}

function completed(
  { download, downloaded }: Downloads,
  complete: (sender: SenderContext) => SenderContext,
): Pick<Channel, 'download' | 'downloaded'> {
  return {
    download: download && ((media, sender, session) => download(media, { sender: complete(sender), session })),
    downloaded: downloaded && ((answer, sender, session) => downloaded(answer, { sender: complete(sender), session })),
  };
}
