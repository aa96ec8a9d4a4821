import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const lambdas = fileURLToPath(new URL('../../lambdas/', import.meta.url));
const lib = fileURLToPath(new URL('../../lib/', import.meta.url));
const readme = readFileSync(join(lambdas, 'README.md'), 'utf8');

describe('the map of the stages, lambdas/README.md', () => {
  const named = [...new Set([...readme.matchAll(/(?<![\w*./-])\w[\w./-]*\.ts\b/g)].map(([file]) => file))];

  it('names files', () => {
    expect(named.length).toBeGreaterThan(5);
  });

  it.each(named)('names %s, which exists', (file) => {
    const candidates = [join(lambdas, file), join(lambdas, '..', file)];
    expect(candidates.some((candidate) => existsSync(candidate))).toBe(true);
  });

  it('names every entry file', () => {
    const entries = readdirSync(lambdas, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.lambda.ts'),
    );
    expect(entries.length).toBeGreaterThanOrEqual(6);
    expect(entries.filter((entry) => !readme.includes(entry))).toEqual([]);
  });

  it('is followed by lib/: a stage with functions has a folder of the same name there', () => {
    const stages = readdirSync(lambdas, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.lambda.ts'))
      .map((file) => file.split('/')[0] ?? file);
    expect([...new Set(stages)].filter((stage) => !existsSync(join(lib, stage)))).toEqual([]);
  });
});
