import { createHmac } from 'node:crypto';
import { contentTypeOf } from '../../../lambdas/channels/primitives/content-type.ts';
import {
  type Channel,
  type HttpRequest,
  type OutboundMessage,
  outboundMessageSchema,
  type SenderContext,
} from '../../../lambdas/channels/types.ts';
import { decodeExample } from './body.ts';
import type { Cases } from './cases.ts';
import { keyPaths, type Names } from './fit.ts';

/** What a request is made for. A `step` comes before a send: an upload, for instance. */
export type Purpose = 'send' | 'step' | 'login' | 'connect' | 'download';

/** A request that a sender could make, with known values where others will stand. */
export interface RequestExample {
  purpose: Purpose;
  /** The case that it is from. */
  label: string;
  method: string;
  url: URL;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: unknown;
  names: Names;
  /** Values that prove who asks; what differs from one of them is no proof. */
  proofs: readonly string[];
  /** Keys that requests of this purpose can have. */
  knownKeys: ReadonlySet<string>;
  /** What a phone shows a message as: `text`, `image`, `location` … */
  kind: string;
}

/** Stands where a message's text goes. No word of it is one that a provider's API uses. */
const TEXT = 'Zq7vXk Wb93jT';
const SID = 'SM5a3e17c05a3e17c05a3e17c05a3e17c0';
const TOKEN = 'zq7token0vxk9wbtoken3jt';
const WEBHOOK = 'https://zq7webhook.example/vxk9wb';
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const MEDIA_ID = 'zq7media0vxk9wb';

/** Every request that the cases know, as one sender would make it. */
export async function requestExamples(
  channel: Channel,
  cases: Cases,
  sender: SenderContext,
  now: number,
): Promise<RequestExample[]> {
  const proofs = [TOKEN, ...Object.values(sender.secrets)];
  const given = await channel.login?.given?.(sender, now);
  const hasNone = given && !given.session;
  const session = hasNone ? undefined : { token: TOKEN, expiresAt: new Date(now + 3_600_000).toISOString() };
  const ofToken: Names = new Map([
    [TOKEN, 'token'],
    ...tokenProofs(sender, TOKEN).map((proof): [string, string] => [proof, 'proof']),
  ]);
  const examples: RequestExample[] = [];
  const add = async (purpose: Purpose, label: string, request: HttpRequest, names: Names, kind = '') => {
    examples.push({
      purpose,
      label,
      kind,
      method: request.method,
      url: new URL(request.url),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
      body: await decodeExample(request),
      names: new Map([...names, ...ofToken]),
      proofs,
      knownKeys: new Set(),
    });
  };

  if (channel.login && session) {
    const request = await channel.login.request(sender, now);
    const assertions = typeof request.body === 'string' ? (request.body.match(JWT) ?? []) : [];
    await add('login', 'login', request, new Map(assertions.map((assertion) => [assertion, 'assertion'])));
    // After it, because any token fits here.
    if (channel.login.given) {
      await add('login', 'renewal', await channel.login.request(sender, now, false, session), new Map());
    }
  }
  for (const request of await channel.connect(sender, WEBHOOK, session)) {
    await add('connect', 'connect', request, new Map([[WEBHOOK, 'webhook']]));
  }
  if (channel.download) {
    const request = await channel.download({ id: MEDIA_ID }, sender, session);
    await add('download', 'download', request, new Map([[MEDIA_ID, 'media']]));
  }
  for (const { label, message: given } of cases.render.filter(({ refused }) => refused === undefined)) {
    const message = sampleMessage(given, channel.name, sender);
    for (const part of await channel.plan(message, sender, session)) {
      const names = namesOf(message);
      const values: Record<string, unknown> = {};
      for (const step of part.steps) {
        if (step.kind === 'request') await add('step', step.name, await step.request(values), names);
        values[step.name] = step.placeholder;
        for (const text of textsOf(step.placeholder)) names.set(text, 'value');
      }
      const request = await part.request(values);
      await add('send', label, request, names, kindOf(message, request));
    }
  }
  const knownKeys = new Map<string, Set<string>>();
  for (const example of examples) {
    const known = knownKeys.get(example.purpose) ?? new Set();
    for (const path of keyPaths(example.body)) known.add(path);
    knownKeys.set(example.purpose, known);
    example.knownKeys = known;
  }
  return examples;
}

/** What may prove, beside a token, that who has it has a secret too: a hash of it with each of them. */
export function tokenProofs({ secrets }: SenderContext, token: string): string[] {
  return Object.values(secrets).map((secret) => createHmac('sha256', secret).update(token).digest('hex'));
}

function sampleMessage(given: Record<string, unknown>, channel: string, sender: SenderContext): OutboundMessage {
  const message = { accountSid: SID, channel, from: sender.address, ...given, sid: SID };
  return outboundMessageSchema.parse(given['body'] === undefined ? message : { ...message, body: TEXT });
}

/** The values of a message: those that a phone shows by their names, the others as `value`. */
function namesOf(message: OutboundMessage): Map<string, string> {
  const { channel, accountSid, from, ...own } = message;
  const names = new Map(textsOf(own).map((text) => [text, 'value']));
  for (const { url } of message.media ?? []) names.set(url, 'link');
  if (message.replyTo !== undefined) names.set(message.replyTo, 'replyTo');
  names.set(SID, 'sid');
  names.set(TEXT, 'text');
  names.set(message.to, 'to');
  return names;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function kindOf(message: OutboundMessage, request: HttpRequest): string {
  if (message.template) return 'template';
  const whole = decodeURIComponentSafely(JSON.stringify([request.url, request.body]));
  const { location, media = [], actions } = message;
  if (location && whole.includes(String(location.latitude))) return 'location';
  const item = media.find(({ url }) => whole.includes(url)) ?? (whole.includes(TEXT) ? undefined : media[0]);
  if (item) {
    const [family = ''] = (item.contentType ?? contentTypeOf(item.url) ?? '').split('/');
    return ['image', 'video', 'audio'].includes(family) ? family : 'document';
  }
  return actions?.some(({ title }) => whole.includes(title)) ? 'interactive' : 'text';
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
