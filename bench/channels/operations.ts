import { isDeepStrictEqual } from 'node:util';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import { fixtureOf } from './fixtures.ts';
import { inputsOf } from './inputs.ts';

/** What a channel does, in the order of the tables. */
export const OPERATIONS = ['text', 'media', 'answer', 'delivered', 'inbound'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The same done twice, by the engine and by hand. */
export interface Pair {
  channel: string;
  operation: Operation;
  engine(): Promise<unknown>;
  byHand(): unknown;
}

/** When signatures are made and checked. */
const NOW = Date.parse('2026-01-02T03:04:05Z');

/**
 * All five operations of a channel.
 * @throws unless both sides give the same output, and both refuse a forged webhook: what checks less would be fast
 */
export async function pairsOf(name: string): Promise<Pair[]> {
  const { channel } = readSpec(name, { now: () => NOW, environment: {} });
  const { byHand } = fixtureOf(name);
  const { sender, session, text, media, answer, sent, delivered, inbound, forged } = await inputsOf(name, NOW);
  const pairs: Pair[] = (
    [
      ['text', () => channel.render(text, sender, session), () => byHand.render(text, sender, session, NOW)],
      ['media', () => channel.render(media, sender, session), () => byHand.render(media, sender, session, NOW)],
      ['answer', () => channel.interpret(answer, sent), () => byHand.interpret(answer, sent)],
      ['delivered', () => channel.receive(delivered, sender), () => byHand.receive(delivered, sender, NOW)],
      ['inbound', () => channel.receive(inbound, sender), () => byHand.receive(inbound, sender, NOW)],
    ] as const
  ).map(([operation, engine, own]) => ({ channel: name, operation, engine, byHand: own }));
  for (const pair of pairs) await expectSame(pair);
  if (forged) {
    const kinds = [(await channel.receive(forged, sender)).kind, byHand.receive(forged, sender, NOW).kind];
    if (kinds.some((kind) => kind !== 'refused'))
      throw new Error(`${name}: a forged webhook is ${kinds.join(' and ')}.`);
  }
  return pairs;
}

async function expectSame({ channel, operation, engine, byHand }: Pair): Promise<void> {
  const [ours, theirs] = [plain(await engine()), plain(byHand())];
  const isEmpty = JSON.stringify(ours).includes('"events":[]');
  if (isEmpty || !isDeepStrictEqual(ours, theirs)) {
    const shown = [ours, theirs].map((value) => JSON.stringify(value, undefined, 2)).join('\n');
    throw new Error(`${channel}, ${operation}: the engine and the code by hand give not the same:\n${shown}`);
  }
}

/** As JSON has it: a key without a value is no key. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
