import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './router.ts';

/** Reads a body completely; undefined when it is larger than `limit` bytes (the rest is read and dropped). */
export async function readAll(incoming: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > limit ? undefined : Buffer.concat(chunks);
}

/** Writes an answer; `meta` is added to JSON when it is given. */
export function respond(response: ServerResponse, answer: Answer, meta?: Record<string, unknown>): void {
  const content =
    answer.json === undefined
      ? (answer.bytes?.content ?? Buffer.alloc(0))
      : Buffer.from(JSON.stringify(meta === undefined ? answer.json : { ...answer.json, meta }));
  const type = answer.json === undefined ? answer.bytes?.type : 'application/json';
  response.writeHead(answer.status, {
    ...(type === undefined ? {} : { 'content-type': type }),
    'content-length': content.length,
  });
  response.end(content);
}
