import { compileDownloads } from './downloads.ts';
import { scopesOf } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { decodeAnswer } from './http/answer.ts';
import { compileRequest } from './http/request.ts';
import { SpecError } from './mistakes.ts';
import { partRoot } from './parts.ts';
import { addressKind } from './primitives/addresses.ts';
import type { SigningHost } from './primitives/auth/aws-sigv4.ts';
import { compileAuth } from './primitives/auth/registry.ts';
import { compileErrors } from './primitives/errors.ts';
import { compileReceive } from './receive.ts';
import { compileCompletion, describeInputs, describeWorkflow, setsWebhook } from './registration.ts';
import { compileSending } from './sending.ts';
import type { ChannelSpec } from './spec.ts';
import type { Channel, SenderContext, Session } from './types.ts';

/** Stands for the sender of a webhook read without one, on the command line. */
const UNKNOWN_SENDER: SenderContext = { address: '<sender.address>', fields: {}, secrets: {} };

const HERE: SigningHost = { now: Date.now, environment: process.env };

/**
 * Compiles a spec once; everything that can be decided before a message is there is decided here. A function uses few parts of
 * a spec: the one for webhooks sends nothing. So `compiler` says whether each part is compiled when it is first used, or now.
 * @param compiler a new one; it decides too whether the spec's expressions are checked (see `expressions/template.ts`)
 * @param host the clock and the credentials that signatures need, another one in tests
 * @throws SpecError with every mistake in its expressions
 */
export function compileChannel(spec: ChannelSpec, compiler: TemplateCompiler, host: SigningHost = HERE): Channel {
  const scopes = scopesOf(Object.keys(spec.registration.fields), Object.keys(spec.registration.secrets));
  const address = addressKind(spec.address);
  const complete = compileCompletion(spec.registration);

  const auth = compiler.later(() => compileAuth(spec.auth, ['auth'], scopes, compiler, host));
  /** What expressions see of a sender, and the session that its requests carry. */
  const rootsOf = async (given: SenderContext, session: Session | undefined) => {
    const sender = complete(given);
    const { current } = auth();
    return { sender, session: current ? await current(sender, session) : session };
  };
  const errors = compiler.later(() => compileErrors(spec.errors, ['errors'], scopes, compiler));
  const sending = compileSending(spec, scopes, compiler, { complete, auth, errors });
  const answerId = compiler.template(spec.outbound.answer.id, ['outbound', 'answer', 'id'], scopes.sent);
  const receive = compiler.later(() => {
    const twilioCode = (code: string) => errors().twilioCode(code);
    const parts = { channel: spec.name, address, statuses: spec.statuses, twilioCode };
    return compileReceive(spec.inbound, ['inbound'], scopes, compiler, parts, host.now);
  });
  const connecting = compiler.later(() =>
    spec.registration.connect.map((request, index) =>
      compileRequest(request, ['registration', 'connect', index], scopes.connect, compiler),
    ),
  );
  const disconnecting = compiler.later(() =>
    spec.registration.disconnect.map((request, index) =>
      compileRequest(request, ['registration', 'disconnect', index], scopes.auth, compiler),
    ),
  );
  const downloads = compiler.later(() => {
    const parts = { authorize: auth().authorize, errors: errors() };
    return compileDownloads(spec.inbound, ['inbound'], scopes, compiler, parts);
  });
  checkRate(spec, compiler);
  checkWait(spec, compiler);
  if (compiler.mistakes.length > 0) throw new SpecError(compiler.mistakes);

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
    inDoubt: inDoubtOf(spec.outbound.inDoubt),
    validityPeriod: spec.outbound.validityPeriod,
    needsIdPointer: someStatusHas('id'),
    hasWatermarks: someStatusHas('before'),
    hasDeletions: spec.inbound.events.some(({ type }) => type === 'deletion'),
    // Secrets come into a spec in this way only; media are downloaded elsewhere.
    webhooksNeedSecrets: JSON.stringify({ ...spec.inbound, media: undefined }).includes('secrets'),
    webhookAnswer: {
      status: 200,
      headers: spec.inbound.answer.contentType === undefined ? {} : { 'Content-Type': spec.inbound.answer.contentType },
      body: spec.inbound.answer.body,
    },
    registration: {
      fields: describeInputs(spec.registration.fields),
      secrets: describeInputs(spec.registration.secrets),
      setsWebhook: setsWebhook(spec.registration.connect),
      ...describeWorkflow(spec.registration.workflow),
    },

    ...sending,

    interpret: async (answer, sent) => {
      const table = errors();
      const decoded = await decodeAnswer(answer, spec.outbound.answer.encoding);
      const part = sent && partRoot(sent.part.index, sent.part.count);
      const roots = { answer: decoded, message: sent?.message, part };
      const code = await table.codeOf(roots);
      const isSuccess = answer.status >= 200 && answer.status < 300 && code === undefined;
      if (!isSuccess) return table.classify(roots, code, answerId.run);
      if (spec.outbound.answer.id === undefined) return { outcome: 'accepted' };
      const id = await answerId.run(roots);
      return id === undefined || id === null
        ? table.classify(roots, code, answerId.run)
        : { outcome: 'accepted', id: String(id) };
    },

    refusal: async (answer) => errors().refusal(await decodeAnswer(answer, spec.outbound.answer.encoding)),

    receive: (webhook, sender, verified = sender === undefined) =>
      receive()(webhook, sender === undefined ? UNKNOWN_SENDER : complete(sender), verified),

    get login(): Channel['login'] {
      const { login } = auth();
      const given = login?.given;
      return (
        login && {
          renewBefore: login.renewBefore,
          request: (sender, at, again = false, last = undefined) => login.request(complete(sender), at, again, last),
          session: login.session,
          ...(given && { given: (sender, at) => given(complete(sender), at) }),
        }
      );
    },

    connect: async (sender, webhookUrl, session) => {
      const { authorize } = auth();
      const roots = { ...(await rootsOf(sender, session)), webhook: { url: webhookUrl } };
      return Promise.all(connecting().map(async (build) => authorize(await build(roots), roots)));
    },

    disconnect: async (sender, session) => {
      const { authorize } = auth();
      const roots = await rootsOf(sender, session);
      return Promise.all(disconnecting().map(async (build) => authorize(await build(roots), roots)));
    },

    get download(): Channel['download'] {
      const { download } = downloads();
      return download && (async (media, sender, session) => download(media, await rootsOf(sender, session)));
    },

    get downloaded(): Channel['downloaded'] {
      const { downloaded } = downloads();
      return downloaded && (async (answer, sender, session) => downloaded(answer, await rootsOf(sender, session)));
    },
  };
}

/** A rate by a field that no sender has would be nobody's. */
function checkRate({ limits, registration }: ChannelSpec, compiler: TemplateCompiler): void {
  const { by } = limits.rate;
  if (!by) return;
  const fields = Object.keys({ ...registration.fields, ...registration.workflow?.fields });
  if (fields.includes(by.field)) return;
  const message = `there is no field "${by.field}"; there are ${fields.join(', ')}`;
  compiler.mistake({ path: ['limits', 'rate', 'by', 'field'], message });
}

/** A status can only settle a doubt where it comes back by our own SID: the provider's id is what is not known then. */
function checkWait({ outbound, inbound }: ChannelSpec, compiler: TemplateCompiler): void {
  const comesBack = inbound.events.some((group) => group.type === 'status' && 'sid' in group.event);
  if (typeof outbound.inDoubt === 'string' || comesBack) return;
  const message = 'no status of this channel names our SID, so waiting tells nothing';
  compiler.mistake({ path: ['outbound', 'inDoubt', 'wait'], message });
}

function inDoubtOf(spec: ChannelSpec['outbound']['inDoubt']): Channel['inDoubt'] {
  const [wait, end] = typeof spec === 'string' ? [0, spec] : [spec.wait, spec.then];
  return { wait, resend: end === 'resend' };
}
