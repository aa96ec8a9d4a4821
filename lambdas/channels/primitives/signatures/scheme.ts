import type { Roots, Scope } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { WebhookRequest } from '../../types.ts';

/**
 * Whether a webhook is the provider's. Roots: `webhook`, with its body as data where it could be read and else without, and
 * `sender`. The raw body is the given webhook's.
 */
export type VerifySignature = (webhook: WebhookRequest, roots: Roots) => Promise<boolean>;

export type CompileSignature<Spec> = (
  spec: Spec,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
) => VerifySignature;

/** A header of a webhook, and nothing that every object inherits. */
export function headerOf(webhook: WebhookRequest, name: string): string | undefined {
  return Object.hasOwn(webhook.headers, name) ? webhook.headers[name] : undefined;
}
