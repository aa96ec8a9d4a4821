import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What a source file imports: package names, and paths from the repository's root. */
function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const found = source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, name = '']) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name));
}

const offenders = (files: string, isForbidden: (imported: string) => boolean) =>
  globSync(files).flatMap((file) =>
    importsOf(file)
      .filter(isForbidden)
      .map((imported) => `${file} imports ${imported}`),
  );

describe('rooms keep to themselves', () => {
  it.each([
    [
      'domain rules know no AWS, no CDK, no network',
      'lambdas/domain/**/*.ts',
      /^(@aws|aws-|@smithy|@middy|constructs|node:(https?|net|dns|tls))|^lambdas\/(?!domain|channels)/,
    ],
    [
      'the spec engine knows no AWS and opens no connection',
      'lambdas/channels/**/*.ts',
      /^(@aws-sdk|aws-|@middy|node:(https?|net|dns|tls))|^lambdas\/(?!channels)/,
    ],
    [
      'only the platform calls AWS',
      'lambdas/{api,senders,outbound,inbound,callbacks,fleet,maintenance}/**/*.ts',
      /^@aws-sdk/,
    ],
    [
      'functions use nothing of the local stack, the simulators or the CDK side',
      'lambdas/**/*.ts',
      /^(local|simulators|lib|bin|test|bench)\/|^aws-cdk/,
    ],
    ['the CDK side imports no code that runs in Lambda', 'lib/**/*.ts', /^lambdas\//],
    ['the local stack runs what the template says, and imports none of it', 'local/**/*.ts', /^(lambdas|lib|bin)\//],
    ['the device simulator is a program of its own', 'simulators/**/*.ts', /^(local|lib|bin|test)\//],
  ])('%s', (_, files, forbidden) => {
    expect(globSync(files).length).toBeGreaterThan(2);
    expect(offenders(files, (imported) => forbidden.test(imported))).toEqual([]);
  });

  it('an entry file only translates: it has no branch but its wiring', () => {
    const entries = globSync('lambdas/**/*.lambda.ts');
    expect(entries.length).toBe(12);
    expect(entries.filter((file) => readFileSync(file, 'utf8').split('\n').length > 90)).toEqual([]);
  });

  it('lambdas/README.md names files that exist, and every entry file', () => {
    const readme = readFileSync('lambdas/README.md', 'utf8');
    const named = [...readme.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path = '']) => path);
    expect(named.filter((path) => !existsSync(join('lambdas', path)))).toEqual([]);
    const entries = globSync('lambdas/**/*.lambda.ts').map((file) => file.slice('lambdas/'.length));
    expect(entries.filter((entry) => !named.includes(entry))).toEqual([]);
  });
});
