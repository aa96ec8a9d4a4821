import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/*
 * What this simulator needs of the cases that stand beside a spec: they show a provider's answers and webhooks as they
 * are, which the spec, written from the other side, does not. Keys that are of no use here may be anything.
 */

const textMap = z.record(z.string(), z.coerce.string());
const content = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));

const answer = z.object({ status: z.int(), headers: textMap.default({}), body: content });
export type Answer = z.infer<typeof answer>;

const receiveCase = z.object({
  label: z.string(),
  method: z.enum(['GET', 'POST']).default('POST'),
  headers: textMap.default({}),
  query: textMap.default({}),
  body: z.unknown().optional(),
  sample: z.string().optional(),
  events: z.array(z.record(z.string(), z.unknown())).optional(),
  handshake: z.object({ status: z.int(), body: z.string() }).optional(),
});

const caseFile = z.object({
  sender: z.object({ address: z.coerce.string(), fields: textMap.default({}), secrets: textMap.default({}) }),
  login: z
    .looseObject({
      /** Fields of a sender that logs in, where not every one does. */
      fields: textMap.default({}),
      answers: z.array(
        z.object({ answer, session: z.object({ token: z.string(), expiresAt: z.string() }).optional() }),
      ),
    })
    .optional(),
  render: z.array(
    z.object({ label: z.string(), message: z.record(z.string(), z.unknown()), refused: z.unknown().optional() }),
  ),
  interpret: z.array(
    z.object({
      answer,
      outcome: z.object({
        outcome: z.string(),
        id: z.string().optional(),
        class: z.string().optional(),
        code: z.string().optional(),
      }),
    }),
  ),
  receive: z.array(receiveCase),
});

/** A webhook as the cases show it, and what it means. */
export interface WebhookCase {
  label: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  query: Record<string, string>;
  body: string;
  events: readonly Record<string, unknown>[];
  handshake: { status: number; body: string } | undefined;
}

export type Cases = Omit<z.infer<typeof caseFile>, 'receive'> & { receive: WebhookCase[] };

/** Reads a cases file; its samples stand in `samples/` beside it. Throws when it does not show what is needed. */
export function readCases(file: string): Cases {
  const cases = caseFile.parse(parse(readFileSync(file, 'utf8')));
  const bodyOf = ({ sample, body }: z.infer<typeof receiveCase>) => {
    if (sample !== undefined) return readFileSync(join(dirname(file), 'samples', sample), 'utf8');
    if (body === undefined) return '';
    return typeof body === 'string' ? body : JSON.stringify(body);
  };
  const receive = cases.receive.map((item) => ({
    label: item.label,
    method: item.method,
    headers: item.headers,
    query: item.query,
    body: bodyOf(item),
    events: item.events ?? [],
    handshake: item.handshake,
  }));
  return { ...cases, receive };
}

/**
 * The hosts of all requests in a cases file, with `*` for what a field of its sender says: a region, for instance. A host that
 * a field says as a whole may be any, so it is only among them where it is that field's default.
 */
export function requestHosts(file: string, defaults: readonly string[]): string[] {
  const cases: Record<string, unknown> = parse(readFileSync(file, 'utf8'));
  const { fields = {} } = (cases['sender'] ?? {}) as { fields?: Record<string, unknown> };
  const values = Object.values(fields).map(String);
  const { login, connect, download, render } = cases;
  const messages = JSON.stringify(messagesOf(render));
  const hosts = urlsOf([login, connect, download, ...requestsOf(render)]).flatMap((url) => {
    const host = URL.parse(url)?.host ?? '';
    const says = (value: string) => value.includes(`://${host}`);
    // Where a customer's media are is no provider.
    if (host === '' || messages.includes(`://${host}`)) return [];
    if (values.some(says) && !defaults.some(says)) return [];
    return [values.filter((value) => value !== '').reduce((text, value) => text.replace(value, '*'), host)];
  });
  return [...new Set(hosts)].sort();
}

function messagesOf(render: unknown): unknown[] {
  return Array.isArray(render) ? render.map((item: { message?: unknown }) => item.message) : [];
}

function requestsOf(render: unknown): unknown[] {
  return Array.isArray(render) ? render.map((item: { requests?: unknown }) => item.requests) : [];
}

/** The `url` of every request, however deep; not those in its body. */
function urlsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { url } = value as { url?: unknown };
  const inner = Object.entries(value).flatMap(([key, item]) => (key === 'body' ? [] : urlsOf(item)));
  return typeof url === 'string' ? [url, ...inner] : inner;
}
