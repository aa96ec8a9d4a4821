import type { Evaluator } from './expressions/evaluator.ts';
import type { Roots, Scope } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { isOfHosts } from './http/hosts.ts';
import type { InboundSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';
import { equalInConstantTime } from './primitives/signatures/hmac.ts';
import type { VerifySignature } from './primitives/signatures/scheme.ts';
import type { WebhookReading, WebhookRequest } from './types.ts';

/** Answers a handshake; undefined for a webhook that is none. With `verified` its check is not asked. */
export type Greet = (webhook: WebhookRequest, roots: Roots, verified: boolean) => Promise<WebhookReading | undefined>;

export function compileHandshake(
  spec: NonNullable<InboundSpec['handshake']>,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
  verify: VerifySignature,
): Greet {
  const part = (value: unknown, ...key: string[]): Evaluator => compiler.template(value, [...path, ...key], scope);
  const when = part(spec.when, 'when');
  const given = part(spec.check?.given, 'check', 'given');
  const expected = part(spec.check?.expected, 'check', 'expected');
  const target = part(spec.request?.url, 'request', 'url');
  const headers = part(spec.answer.headers, 'answer', 'headers');
  const body = part(spec.answer.body, 'answer', 'body');
  const { request } = spec;

  return async (webhook, roots, verified) => {
    if (!(await when.run(roots))) return undefined;
    if (spec.signature && !verified && !(await verify(webhook, roots))) {
      return { kind: 'refused', status: 403, reason: 'the signature is missing or wrong' };
    }
    if (spec.check && !verified) {
      const [said, wanted] = [await given.run(roots), await expected.run(roots)];
      const isSame =
        typeof said === 'string' && typeof wanted === 'string' && wanted !== '' && equalInConstantTime(said, wanted);
      if (!isSame) return { kind: 'refused', status: 403, reason: "the handshake's token is wrong" };
    }
    const url = await target.run(roots);
    if (request && (typeof url !== 'string' || !isOfHosts(url, request.hosts))) {
      return {
        kind: 'refused',
        status: 403,
        reason: 'the handshake wants a confirmation elsewhere than at the provider',
      };
    }
    const values = ((await headers.run(roots)) ?? {}) as Record<string, string>;
    return {
      kind: 'handshake',
      answer: { status: spec.answer.status, headers: values, body: String((await body.run(roots)) ?? '') },
      ...(request && { confirm: { method: 'GET' as const, url: String(url), headers: {} } }),
    };
  };
}
