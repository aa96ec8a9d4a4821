import type { SenderContext } from '../../../lambdas/channels/types.ts';
import type { WebhookCase } from './cases.ts';
import type { PlayedChannel } from './played-channel.ts';
import { sign } from './sign.ts';

/** More variants than this of one payload are not looked at. */
const MOST_VARIANTS = 100;

const known = new WeakMap<PlayedChannel, Promise<WebhookCase[]>>();

/**
 * The webhooks of the cases that tell one event each. A provider may put several in one, and then so do the cases; such a
 * payload is taken apart, by leaving one element in each of its lists.
 */
export function singleEvents(played: PlayedChannel): Promise<WebhookCase[]> {
  const found = known.get(played) ?? findAll(played);
  known.set(played, found);
  return found;
}

async function findAll(played: PlayedChannel): Promise<WebhookCase[]> {
  const cases: WebhookCase[] = [];
  for (const example of played.cases.receive) {
    if (example.events.length === 1) cases.push(example);
    else if (example.events.length > 1) cases.push(...(await takenApart(example, played)));
  }
  return cases;
}

async function takenApart(example: WebhookCase, played: PlayedChannel): Promise<WebhookCase[]> {
  const { address, fields, secrets } = played.sample;
  const sender: SenderContext = { address, fields, secrets };
  const cases: WebhookCase[] = [];
  let payload: unknown;
  try {
    payload = JSON.parse(example.body);
  } catch {
    // Not JSON: providers that write XML tell one event at a time.
    return [];
  }
  let count = 0;
  for (const variant of variants(payload)) {
    count += 1;
    if (count > MOST_VARIANTS) break;
    const { method, headers, query } = example;
    const plain = { method, headers, query, body: JSON.stringify(variant) };
    const webhook = await sign(plain, played.spec, sender, Math.floor(Date.now() / 1000));
    const reading = await played.channel.receive(webhook, sender);
    if (reading.kind !== 'events' || reading.events.length !== 1) continue;
    const event: Record<string, unknown> = { ...reading.events[0], raw: undefined };
    cases.push({ ...example, body: plain.body, events: [event] });
  }
  return cases;
}

/** A payload with one element left in each list that had several, in every way. */
function* variants(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const item of value) for (const variant of variants(item)) yield [variant];
    return;
  }
  if (typeof value !== 'object' || value === null) {
    yield value;
    return;
  }
  const keys = Object.keys(value);
  yield* combined(value as Record<string, unknown>, keys);
}

function* combined(value: Record<string, unknown>, [key, ...rest]: string[]): Generator<Record<string, unknown>> {
  if (key === undefined) {
    yield {};
    return;
  }
  for (const others of combined(value, rest)) {
    for (const variant of variants(value[key])) yield { [key]: variant, ...others };
  }
}
