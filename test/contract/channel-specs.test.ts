import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { FUNCTIONS } from '../../lambdas/channels/expressions/functions.ts';
import { scopesOf } from '../../lambdas/channels/expressions/scope.ts';
import { readSpec, SpecFileError } from '../../lambdas/channels/read-yaml.ts';
import { channelSpecSchema } from '../../lambdas/channels/spec.ts';
import { blocksOf, textOf } from './document.ts';
import { keyReference } from './key-reference.ts';

const examples = blocksOf('channel-specs.md').filter(({ language }) => language === 'yaml');
/** A spec that is complete, for examples that show one section. */
const whole = parse(
  blocksOf('write-a-channel.md')
    .filter(({ title, append }) => (title ?? append) === 'specs/heliograph/channel.yaml')
    .map(({ text }) => text)
    .join(''),
) as Record<string, unknown>;

const directory = mkdtempSync(join(tmpdir(), 'channel-specs-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('docs/channel-spec-keys.md', () => {
  it('is up to date', async () => {
    await expect(keyReference()).toMatchFileSnapshot('../../docs/channel-spec-keys.md');
  });
});

describe('docs/channel-specs.md', () => {
  it.each(examples.map(({ text }) => ({ shows: text.split('\n', 3).join(' '), text })))('$shows', ({ text }) => {
    expect(mistakesOf(withExample(text))).toEqual([]);
  });

  it('names every section', () => {
    const text = textOf('channel-specs.md');
    expect(Object.keys(channelSpecSchema.shape).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('names every function and everything that a hole may name', () => {
    const text = textOf('channel-specs.md');
    const roots = new Set(Object.values(scopesOf([], [])).flatMap((scope) => Object.keys(scope)));
    expect(Object.keys(FUNCTIONS).filter((name) => !text.includes(`\`$${name}(`))).toEqual([]);
    expect([...roots].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('shows every scheme and every way to count and to write', () => {
    const text = textOf('channel-specs.md');
    expect(wordsOf(channelSpecSchema.toJSONSchema({ io: 'input' })).filter((word) => !text.includes(word))).toEqual([]);
  });
});

/** The whole spec with an example's sections for its own, and whatever the example takes from a sender declared. */
function withExample(text: string): object {
  const example = parse(text) as Record<string, unknown>;
  const declared = (part: string) =>
    Object.fromEntries(
      [...`${text}${stringify(whole)}`.matchAll(new RegExp(`sender\\.${part}\\.(\\w+)`, 'g'))].map(([, name]) => [
        String(name),
        { description: 'Declared by the test' },
      ]),
    );
  return { ...whole, registration: { fields: declared('fields'), secrets: declared('secrets') }, ...example };
}

function mistakesOf(spec: object): string[] {
  const file = join(directory, 'channel.yaml');
  writeFileSync(file, stringify(spec));
  try {
    readSpec(file);
    return [];
  } catch (error) {
    if (error instanceof SpecFileError) return error.mistakes.map(({ message }) => message);
    throw error;
  }
}

/** The values of every `scheme`, `unit`, `encoding` and error `class` in the schema. */
function wordsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    const { enum: values = [], const: only } = value as { enum?: string[]; const?: string };
    const own = ['scheme', 'unit', 'encoding', 'class'].includes(key) ? [...values, ...(only ? [only] : [])] : [];
    return [...own, ...wordsOf(value)];
  });
}
