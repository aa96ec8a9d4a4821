import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { ENCODINGS } from '../../../lambdas/channels/primitives/encodings/registry.ts';
import type { SenderContext, WebhookRequest } from '../../../lambdas/channels/types.ts';
import type { LooseSpec } from './played-channel.ts';

type Signature = Record<string, unknown> & { scheme: string };

/**
 * A webhook with the signature that its channel's spec asks for, made here from the sender's secrets: the provider's half of
 * what the engine verifies. Header names stay in lower case.
 */
export async function sign(
  webhook: WebhookRequest,
  spec: LooseSpec,
  sender: SenderContext,
  nowSeconds: number,
): Promise<WebhookRequest> {
  const inbound = spec['inbound'] as { signature: Signature; decode?: keyof typeof ENCODINGS };
  const { signature } = inbound;
  const { scheme } = signature;
  const body = await dataOf(webhook.body, inbound.decode ?? 'json');
  const value = async (template: unknown) =>
    String((await templateOf(template).run({ webhook: { ...webhook, body }, sender })) ?? '');

  if (scheme.startsWith('hmac-')) {
    const [, algorithm = '', encoding] = scheme.split('-');
    const text = signature['over'] === undefined ? webhook.body : await value(signature['over']);
    const signed = Buffer.from(text, signature['decode'] === 'base64' ? 'base64' : 'utf8');
    const hash = createHmac(algorithm, await value(signature['key'])).update(signed);
    const written = String(signature['prefix'] ?? '') + hash.digest(encoding === 'hex' ? 'hex' : 'base64');
    return withHeader(webhook, String(signature['header']), written);
  }
  if (scheme === 'sorted-sha1') {
    const query: Record<string, string> = {};
    const parts: string[] = [];
    for (const part of (signature['parts'] ?? []) as unknown[]) {
      const name = queryName(part);
      if (name === undefined) parts.push(await value(part));
      else {
        query[name] ??= /time/i.test(name) ? String(nowSeconds) : randomBytes(5).readUIntBE(0, 5).toString();
        parts.push(query[name]);
      }
    }
    const text = [await value(signature['token']), ...parts].sort().join('');
    const given = queryName(signature['given']) ?? 'signature';
    query[given] = createHash('sha1').update(text).digest('hex');
    return { ...webhook, query: { ...webhook.query, ...query } };
  }
  if (scheme === 'shared-secret') {
    const secret = await value(signature['value']);
    if (signature['header'] !== undefined) return withHeader(webhook, String(signature['header']), secret);
    return { ...webhook, query: { ...webhook.query, [String(signature['query'])]: secret } };
  }
  return webhook;
}

/** A body as data; undefined for one that cannot be read, which can be signed all the same. */
async function dataOf(text: string, encoding: keyof typeof ENCODINGS): Promise<unknown> {
  try {
    return await ENCODINGS[encoding].decode(text);
  } catch {
    return undefined;
  }
}

/** A text of the spec with its holes filled. The spec was checked when it was read. */
export function templateOf(value: unknown) {
  return createTemplateCompiler([]).template(value, [], undefined);
}

function withHeader(webhook: WebhookRequest, name: string, value: string): WebhookRequest {
  return { ...webhook, headers: { ...webhook.headers, [name.toLowerCase()]: value } };
}

/** `nonce` of `{% webhook.query.nonce %}`. */
function queryName(template: unknown): string | undefined {
  return /^\s*\{%\s*webhook\.query\.`?([\w.-]+?)`?\s*%\}\s*$/.exec(String(template))?.[1];
}
