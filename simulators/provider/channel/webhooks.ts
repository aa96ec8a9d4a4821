import type { ChannelEvent, SenderContext, WebhookRequest } from '../../../lambdas/channels/types.ts';
import { sameTimes } from './answers.ts';
import type { WebhookCase } from './cases.ts';
import type { PlayedChannel } from './played-channel.ts';
import { replaceIn, replaceInValue } from './replace.ts';
import { sign } from './sign.ts';
import { singleEvents } from './single-events.ts';

/** No case of the channel shows such an event, or none can be told with other values. */
export class NoExampleError extends Error {}

/** What an event should say, in the engine's words. Only what both this and the example have is put in. */
export interface EventValues {
  id?: string | undefined;
  sid?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  text?: string | undefined;
  timestamp: string;
  before?: string | undefined;
  replyTo?: string | undefined;
  profileName?: string | undefined;
  media?: { id?: string; url?: string; contentType?: string; filename?: string }[] | undefined;
  location?: Record<string, unknown> | undefined;
  button?: Record<string, unknown> | undefined;
  error?: { code: string } | undefined;
}

/** Keys that the gateway must read back as they were put in. */
const ESSENTIAL = ['id', 'sid', 'from', 'to', 'text', 'status'] as const;

/** The examples of an event, the plainest first. */
export async function eventExamples(
  played: PlayedChannel,
  isWanted: (event: Readonly<Record<string, unknown>>) => boolean,
): Promise<{ example: WebhookCase; event: Readonly<Record<string, unknown>> }[]> {
  return (await singleEvents(played))
    .flatMap((example) => {
      const [event] = example.events;
      return event && isWanted(event) ? [{ example, event }] : [];
    })
    .sort((left, right) => Object.keys(left.event).length - Object.keys(right.event).length);
}

/**
 * A signed webhook that tells an event: the plainest example that can be told with these values.
 * @throws NoExampleError
 */
export async function eventWebhook(
  played: PlayedChannel,
  sender: SenderContext,
  isWanted: (event: Readonly<Record<string, unknown>>) => boolean,
  valuesFor: (event: Readonly<Record<string, unknown>>) => EventValues,
): Promise<{ webhook: WebhookRequest; event: ChannelEvent }> {
  const reasons: string[] = [];
  for (const { example, event } of await eventExamples(played, isWanted)) {
    const values = valuesFor(event);
    const replacements = new Map([...senderReplacements(played, sender), ...eventReplacements(event, values)]);
    const webhook = await replay(example, replacements, played, sender, Date.parse(values.timestamp));
    const reading = await played.channel.receive(webhook, sender);
    const [read] = reading.kind === 'events' ? reading.events : [];
    const wrong = read === undefined ? reading.kind : difference(event, values, read as Record<string, unknown>);
    if (read !== undefined && wrong === undefined) return { webhook, event: read };
    reasons.push(`"${example.label}" (${wrong})`);
  }
  throw new NoExampleError(
    reasons.length === 0
      ? `No case of ${played.name} shows a webhook with such an event alone.`
      : `No case of ${played.name} can be told with other values: ${reasons.join(', ')}.`,
  );
}

export interface Handshake {
  webhook: WebhookRequest;
  expected: { status: number; body: string };
  /** A URL that must be opened before it counts. */
  confirmation: string | undefined;
}

/** The channel's handshake as it would be made with this sender, and what must be answered; undefined where it has none. */
export async function handshake(
  played: PlayedChannel,
  sender: SenderContext,
  nowMilliseconds: number,
): Promise<Handshake | undefined> {
  const example = played.cases.receive.find((item) => item.handshake !== undefined && item.handshake.status < 300);
  if (!example?.handshake) return undefined;
  const replacements = senderReplacements(played, sender);
  const webhook = await replay(example, replacements, played, sender, nowMilliseconds);
  const { status, body } = example.handshake;
  const reading = await played.channel.receive(webhook, sender);
  const confirmation = reading.kind === 'handshake' ? reading.confirm?.url : undefined;
  return { webhook, expected: { status, body: replaceInValue(body, replacements) }, confirmation };
}

async function replay(
  { method, headers, query, body }: WebhookCase,
  replacements: ReadonlyMap<string, string>,
  { spec }: PlayedChannel,
  sender: SenderContext,
  nowMilliseconds: number,
): Promise<WebhookRequest> {
  const other = (values: Record<string, string>, name: (text: string) => string) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), replaceInValue(value, replacements)]));
  const plain: WebhookRequest = {
    method,
    headers: { ...contentTypeOf(spec, body), ...other(headers, (key) => key.toLowerCase()) },
    query: other(query, (key) => key),
    body: replaceIn(body, replacements),
  };
  return sign(plain, spec, sender, Math.floor(nowMilliseconds / 1000));
}

function contentTypeOf(spec: PlayedChannel['spec'], body: string): Record<string, string> {
  if (body === '') return {};
  const { decode = 'json' } = spec['inbound'] as { decode?: string };
  const types: Record<string, string> = { xml: 'text/xml', form: 'application/x-www-form-urlencoded' };
  return { 'content-type': types[decode] ?? 'application/json' };
}

/** The sender of the cases → this one. */
function senderReplacements({ sample }: PlayedChannel, sender: SenderContext): Map<string, string> {
  const replacements = new Map<string, string>();
  for (const part of ['fields', 'secrets'] as const) {
    for (const [name, value] of Object.entries(sample[part])) {
      const own = sender[part][name];
      if (value !== '' && own !== undefined) replacements.set(value, own);
    }
  }
  return replacements.set(sample.address, sender.address);
}

function eventReplacements(event: Readonly<Record<string, unknown>>, values: EventValues): Map<string, string> {
  const replacements = new Map<string, string>();
  const put = (before: unknown, after: unknown) => {
    if (Array.isArray(before) && Array.isArray(after)) {
      for (const [index, item] of before.entries()) put(item, after[index]);
    } else if (typeof before === 'object' && before !== null && typeof after === 'object' && after !== null) {
      for (const [key, item] of Object.entries(before)) put(item, (after as Record<string, unknown>)[key]);
    } else if (before !== undefined && before !== '' && after !== undefined) {
      replacements.set(String(before), String(after));
    }
  };
  const { timestamp, before, error, ...others } = values;
  // A code that is a word is the spec's own, for a channel that gives none.
  const { code } = (event['error'] ?? {}) as { code?: string };
  if (code !== undefined && /^\d+$/.test(code)) put(code, error?.code);
  for (const [key, after] of Object.entries(others)) put(event[key], after);
  for (const [key, after] of Object.entries({ timestamp, before })) {
    const sample = event[key];
    if (typeof sample !== 'string' || after === undefined) continue;
    for (const [form, value] of sameTimes(sample, after)) replacements.set(form, value);
  }
  return replacements;
}

/** The first key that the gateway would read otherwise than it was meant. */
function difference(
  example: Readonly<Record<string, unknown>>,
  values: EventValues,
  read: Record<string, unknown>,
): string | undefined {
  const meant: Record<string, unknown> = { ...values, status: example['status'] };
  return ESSENTIAL.find((key) => example[key] !== undefined && meant[key] !== undefined && read[key] !== meant[key]);
}
