import { EvaluationError } from './expressions/expression.ts';
import { scopesOf } from './expressions/scope.ts';
import { createTemplateCompiler } from './expressions/template.ts';
import { decodeAnswer } from './http/answer.ts';
import { compileRequest } from './http/request.ts';
import { type Mistake, SpecError } from './mistakes.ts';
import { compileOutbound, selectCase } from './outbound.ts';
import { partsOf } from './parts.ts';
import { addressKind } from './primitives/addresses.ts';
import { compileAuth } from './primitives/auth/registry.ts';
import { compileErrors } from './primitives/errors.ts';
import { compileReceive } from './receive.ts';
import { compileCompletion, describeInputs } from './registration.ts';
import type { ChannelSpec } from './spec.ts';
import {
  type Channel,
  type HttpRequest,
  type OutboundMessage,
  type SenderContext,
  type Session,
  UnsupportedMessageError,
} from './types.ts';

/** A channel, and what only the engine's newer callers use. */
export interface CompiledChannel extends Channel {
  /** The request that downloads an inbound media item by the channel's id; undefined where media comes as URLs. */
  readonly download:
    | ((media: { id: string }, sender: SenderContext, session?: Session) => Promise<HttpRequest>)
    | undefined;
}

/** Stands for the sender of a webhook read without one, on the command line. */
const UNKNOWN_SENDER: SenderContext = { address: '<sender.address>', fields: {}, secrets: {} };

/**
 * Compiles a spec once; everything that can be decided before a message is there is decided here.
 * @throws SpecError with every mistake in its expressions
 */
export function compileChannel(spec: ChannelSpec): CompiledChannel {
  const mistakes: Mistake[] = [];
  const compiler = createTemplateCompiler(mistakes);
  const scopes = scopesOf(Object.keys(spec.registration.fields), Object.keys(spec.registration.secrets));

  const address = addressKind(spec.address);
  const { authorize, login } = compileAuth(spec.auth, ['auth'], scopes, compiler);
  const cases = compileOutbound(spec.outbound, ['outbound'], scopes, compiler);
  const answerId = compiler.template(spec.outbound.answer.id, ['outbound', 'answer', 'id'], scopes.answer);
  const errors = compileErrors(spec.errors, ['errors'], scopes.answer, compiler);
  const receive = compileReceive(spec.inbound, ['inbound'], scopes, compiler, {
    channel: spec.name,
    address,
    errors,
    statuses: spec.statuses,
  });
  const connecting = spec.registration.connect.map((request, index) =>
    compileRequest(request, ['registration', 'connect', index], scopes.connect, compiler),
  );
  const downloading =
    spec.inbound.media && compileRequest(spec.inbound.media, ['inbound', 'media'], scopes.download, compiler);
  if (mistakes.length > 0) throw new SpecError(mistakes);

  const complete = compileCompletion(spec.registration);

  const render = async (message: OutboundMessage, sender: SenderContext, session: Session | undefined) => {
    const parts = await partsOf(message, spec.name, spec.limits.text, (kind, part) =>
      selectCase(cases, kind, { message, sender, ...part }),
    );
    const requests: HttpRequest[] = [];
    for (const [index, { case: found, text, media }] of parts.entries()) {
      const roots = { message, text, media, part: { index, count: parts.length }, sender, session };
      requests.push(await authorize(await found.build(roots), roots));
    }
    return requests;
  };

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
    needsIdPointer: spec.inbound.events.some((group) => group.type === 'status' && group.event.sid === undefined),
    registration: {
      fields: describeInputs(spec.registration.fields),
      secrets: describeInputs(spec.registration.secrets),
    },

    render: async (message, givenSender, session) => {
      try {
        return await render(message, complete(givenSender), session);
      } catch (error) {
        // The same message fails the same way again, so it is refused and not retried.
        if (error instanceof EvaluationError) throw new UnsupportedMessageError(`${spec.name}: ${error.message}`);
        throw error;
      }
    },

    interpret: async (answer) => {
      const roots = { answer: await decodeAnswer(answer, spec.outbound.answer.encoding) };
      const code = await errors.codeOf(roots);
      const succeeded = answer.status >= 200 && answer.status < 300 && code === undefined;
      if (!succeeded) return errors.classify(roots, code);
      if (spec.outbound.answer.id === undefined) return { outcome: 'accepted' };
      const id = await answerId.run(roots);
      return id === undefined || id === null ? errors.classify(roots, code) : { outcome: 'accepted', id: String(id) };
    },

    receive: (webhook, sender) =>
      receive(webhook, sender === undefined ? UNKNOWN_SENDER : complete(sender), sender === undefined),

    login: login && {
      renewBefore: login.renewBefore,
      request: (sender) => login.request(complete(sender)),
      session: login.session,
    },

    connect: async (givenSender, webhookUrl, session) => {
      const roots = { sender: complete(givenSender), webhook: { url: webhookUrl }, session };
      return Promise.all(connecting.map(async (build) => authorize(await build(roots), roots)));
    },

    download:
      downloading &&
      (async (media, givenSender, session) => {
        const roots = { media, sender: complete(givenSender), session };
        return authorize(await downloading(roots), roots);
      }),
  };
}
