import { ENCODINGS, type EncodingName } from '../primitives/encodings/registry.ts';
import type { HttpAnswer } from '../types.ts';

/** What expressions read as `answer`: its body is decoded, and missing where it cannot be. */
export interface DecodedAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** A provider's answer with its body decoded. A gateway's HTML page where JSON belongs is no reason to fail: the status still counts. */
export async function decodeAnswer(answer: HttpAnswer, encoding: EncodingName = 'json'): Promise<DecodedAnswer> {
  return { status: answer.status, headers: answer.headers, body: await decoded(answer.body, encoding) };
}

async function decoded(text: string, encoding: EncodingName): Promise<unknown> {
  if (text.trim() === '') return undefined;
  try {
    return await ENCODINGS[encoding].decode(text);
  } catch {
    return undefined;
  }
}
