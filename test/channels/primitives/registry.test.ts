import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { channelSpecSchema } from '../../../lambdas/channels/spec.ts';

const TESTS = fileURLToPath(new URL('../', import.meta.url));
const source = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => readFileSync(join(TESTS, path), 'utf8'))
  .join('\n');

/** Keys of a spec whose values name a primitive. */
const NAMING = ['scheme', 'kind', 'encoding', 'unit', 'decode'];

/** Every primitive that a spec can name, as `scheme: basic`, from the JSON Schema of specs. */
function namedIn(schema: unknown, key = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { const: only, enum: several = [] } = schema as { const?: unknown; enum?: unknown[] };
  const names = NAMING.includes(key) ? [only, ...several].filter((name) => typeof name === 'string') : [];
  const inner = Object.entries(schema).flatMap(([at, value]) =>
    at === 'properties'
      ? Object.entries(value as object).flatMap(([property, shape]) => namedIn(shape, property))
      : namedIn(value, key),
  );
  return [...names.map((name) => `${key}: ${name}`), ...inner];
}

const named = [...new Set(namedIn(z.toJSONSchema(channelSpecSchema, { io: 'input', target: 'draft-07' })))];

describe('what a spec can name', () => {
  it('is found in its schema', () => {
    expect(named).toEqual(expect.arrayContaining(['scheme: aws-sigv4', 'unit: gsm7', 'encoding: multipart']));
  });

  it.each(named)('has a test that names it: %s', (name) => {
    expect(source.includes(`'${name.split(': ')[1]}'`)).toBe(true);
  });
});
