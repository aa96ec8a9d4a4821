import { parseJson } from '../../../lambdas/channels/primitives/encodings/json.ts';
import { ENCODINGS } from '../../../lambdas/channels/primitives/encodings/registry.ts';
import type { HttpRequest } from '../../../lambdas/channels/types.ts';

/** Stands for the bytes of a file in a decoded multipart body. */
const FILE = { file: true };

/** A body that is not what its content type says. */
export class UnreadableBodyError extends Error {}

/** A body as data, by its content type; undefined when there is none. */
export async function decodeBody(contentType: string, body: Buffer): Promise<unknown> {
  if (body.length === 0) return undefined;
  try {
    if (contentType.startsWith('multipart/')) return await decodeMultipart(contentType, body);
    const text = body.toString('utf8');
    if (contentType.includes('json')) return parseJson(text);
    if (contentType.includes('xml')) return await ENCODINGS.xml.decode(text);
    if (contentType.startsWith('application/x-www-form-urlencoded')) return ENCODINGS.form.decode(text);
    return text;
  } catch {
    throw new UnreadableBodyError(`the body is not ${contentType}`);
  }
}

/** The same for a request of the engine's, whose multipart bodies are still parts. */
export async function decodeExample({ headers, body }: HttpRequest): Promise<unknown> {
  if (body === undefined) return undefined;
  if (typeof body !== 'string') {
    return Object.fromEntries(
      body.map(({ name, value, filename }) => [
        name,
        typeof value === 'string' && filename === undefined ? value : FILE,
      ]),
    );
  }
  const contentType = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  return decodeBody(contentType, Buffer.from(body));
}

async function decodeMultipart(contentType: string, body: Buffer): Promise<unknown> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value : FILE]));
}
