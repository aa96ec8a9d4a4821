import { compileEvents } from './events.ts';
import { EvaluationError } from './expressions/evaluator.ts';
import type { Scopes } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { compileHandshake } from './handshake.ts';
import type { InboundSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';
import { MalformedPayloadError, type NormaliserParts, normaliseEvent } from './normalise.ts';
import { ENCODINGS } from './primitives/encodings/registry.ts';
import { compileEnvelope } from './primitives/envelopes/registry.ts';
import { EnvelopeError } from './primitives/envelopes/wechat-aes.ts';
import { compileSignature } from './primitives/signatures/registry.ts';
import type { SenderContext, WebhookReading, WebhookRequest } from './types.ts';

/** Reads a webhook; with `verified` the signature and the handshake's check are not asked again (or, on a command line, at all). */
export type Receive = (webhook: WebhookRequest, sender: SenderContext, verified: boolean) => Promise<WebhookReading>;

/** @param now the time, ms since the epoch: some signatures are too old */
export function compileReceive(
  spec: InboundSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
  parts: NormaliserParts,
  now: () => number,
): Receive {
  const verify = compileSignature(spec.signature, [...path, 'signature'], scopes.webhook, compiler, now);
  const handshake =
    spec.handshake && compileHandshake(spec.handshake, [...path, 'handshake'], scopes.webhook, compiler, verify);
  const open = spec.envelope && compileEnvelope(spec.envelope, [...path, 'envelope'], scopes.webhook, compiler, now);
  const payloadOf =
    spec.payload === undefined ? undefined : compiler.template(spec.payload, [...path, 'payload'], scopes.webhook);
  const eventScope = payloadOf === undefined ? scopes.webhook : { ...scopes.webhook, payload: true as const };
  const find = compileEvents(spec.events, [...path, 'events'], eventScope, compiler);
  const { decode } = ENCODINGS[spec.decode];

  return async (webhook, sender, verified) => {
    try {
      let body = await decoded(webhook.body, decode);
      const roots = { webhook: { ...webhook, body }, sender };
      const greeting = await handshake?.(webhook, roots, verified);
      if (greeting) return greeting;
      if (webhook.method !== 'POST') return { kind: 'refused', status: 405, reason: 'only POST carries events' };
      if (!verified && !(await verify(webhook, roots))) {
        return { kind: 'refused', status: 403, reason: 'the signature is missing or wrong' };
      }
      const content = await open?.(webhook, roots, verified);
      if (content !== undefined) body = await decoded(content, decode);
      if (body === undefined) return { kind: 'malformed', reason: `the body is not ${spec.decode}` };
      if (typeof body !== 'object' || body === null) return { kind: 'malformed', reason: 'the body is no object' };
      const decrypted = { webhook: { ...webhook, body }, sender };
      const payload = payloadOf === undefined ? body : await payloadOf.run(decrypted);
      if (typeof payload !== 'object' || payload === null)
        return { kind: 'malformed', reason: 'the body holds no payload that can be read' };
      const drafts = await find({ ...decrypted, payload });
      if (drafts === undefined)
        return { kind: 'malformed', reason: 'the body holds nothing that the channel is known to send' };
      return { kind: 'events', events: drafts.map((draft) => normaliseEvent(draft, sender.address, parts, now())) };
    } catch (error) {
      if (error instanceof EnvelopeError) return { kind: 'refused', status: 403, reason: error.message };
      if (error instanceof MalformedPayloadError || error instanceof EvaluationError) {
        return { kind: 'malformed', reason: error.message };
      }
      throw error;
    }
  };
}

/** A payload as data; undefined for what cannot be read, which a handshake or a wrong signature need not be. */
async function decoded(text: string, decode: (text: string) => unknown): Promise<unknown> {
  if (text === '') return undefined;
  try {
    return await decode(text);
  } catch {
    return undefined;
  }
}
