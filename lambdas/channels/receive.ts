import { compileEvents } from './events.ts';
import { EvaluationError, type Evaluator } from './expressions/expression.ts';
import type { Roots, Scopes } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import type { InboundSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';
import { MalformedPayloadError, type NormaliserParts, normaliseEvent } from './normalise.ts';
import { ENCODINGS } from './primitives/encodings/registry.ts';
import { equalInConstantTime } from './primitives/signatures/hmac.ts';
import { compileSignature } from './primitives/signatures/registry.ts';
import type { SenderContext, WebhookReading, WebhookRequest } from './types.ts';

/** Reads a webhook; with `verified` the signature and the handshake's check are not asked again (or, on a command line, at all). */
export type Receive = (webhook: WebhookRequest, sender: SenderContext, verified: boolean) => Promise<WebhookReading>;

export function compileReceive(
  spec: InboundSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
  parts: NormaliserParts,
): Receive {
  const handshake = compileHandshake(spec.handshake, [...path, 'handshake'], scopes, compiler);
  const verify = compileSignature(spec.signature, [...path, 'signature'], scopes, compiler);
  const find = compileEvents(spec.events, [...path, 'events'], scopes, compiler);
  const { decode } = ENCODINGS[spec.decode];

  return async (webhook, sender, verified) => {
    const greeting = await handshake?.({ webhook: await undecoded(webhook, decode), sender }, verified);
    if (greeting) return greeting;
    if (webhook.method !== 'POST') return { kind: 'refused', status: 405, reason: 'only POST carries events' };
    if (!verified && !(await verify(webhook, { webhook, sender }))) {
      return { kind: 'refused', status: 403, reason: 'the signature is missing or wrong' };
    }
    let body: unknown;
    try {
      body = await decode(webhook.body);
    } catch {
      return { kind: 'malformed', reason: `the body is not ${spec.decode}` };
    }
    if (typeof body !== 'object' || body === null) return { kind: 'malformed', reason: 'the body is no object' };
    try {
      const drafts = await find({ webhook: { ...webhook, body }, sender });
      if (drafts === undefined)
        return { kind: 'malformed', reason: 'the body holds nothing that the channel is known to send' };
      return { kind: 'events', events: drafts.map((draft) => normaliseEvent(draft, sender.address, parts)) };
    } catch (error) {
      if (error instanceof MalformedPayloadError || error instanceof EvaluationError) {
        return { kind: 'malformed', reason: error.message };
      }
      throw error;
    }
  };
}

/** A handshake may be told by its body, which need not be readable. */
async function undecoded(webhook: WebhookRequest, decode: (text: string) => unknown): Promise<object> {
  try {
    return { ...webhook, body: webhook.body === '' ? undefined : await decode(webhook.body) };
  } catch {
    return { ...webhook, body: undefined };
  }
}

type Greet = (roots: Roots, verified: boolean) => Promise<WebhookReading | undefined>;

function compileHandshake(
  spec: InboundSpec['handshake'],
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): Greet | undefined {
  if (spec === undefined) return undefined;
  const part = (value: unknown, ...key: string[]): Evaluator =>
    compiler.template(value, [...path, ...key], scopes.webhook);
  const when = part(spec.when, 'when');
  const given = part(spec.check?.given, 'check', 'given');
  const expected = part(spec.check?.expected, 'check', 'expected');
  const headers = part(spec.answer.headers, 'answer', 'headers');
  const body = part(spec.answer.body, 'answer', 'body');

  return async (roots, verified) => {
    if (!(await when.run(roots))) return undefined;
    if (spec.check && !verified) {
      const [said, wanted] = [await given.run(roots), await expected.run(roots)];
      const same = typeof said === 'string' && typeof wanted === 'string' && equalInConstantTime(said, wanted);
      if (!same) return { kind: 'refused', status: 403, reason: "the handshake's token is wrong" };
    }
    const values = ((await headers.run(roots)) ?? {}) as Record<string, string>;
    return {
      kind: 'handshake',
      answer: { status: spec.answer.status, headers: values, body: String((await body.run(roots)) ?? '') },
    };
  };
}
