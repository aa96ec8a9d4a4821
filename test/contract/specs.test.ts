import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { specNames } from '../../lambdas/channels/read-yaml.ts';
import { specSchemaText } from '../../lambdas/channels/spec-schema.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where a channel's name is another word: how a registration's code is sent, and a parameter of Meta's Graph API. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  'lambdas/domain/registration.ts': 'sms',
  'lambdas/senders/registration/code.ts': 'sms',
  'lambdas/senders/graph/phone-number.ts': 'whatsapp',
  'lambdas/senders/graph/profile.ts': 'whatsapp',
};

describe('the specs', () => {
  it('have a JSON Schema that is up to date (npm run -s channel -- schema)', () => {
    expect(readFileSync(join(ROOT, 'specs/schema/channel.schema.json'), 'utf8')).toBe(specSchemaText());
  });

  it.each(specNames())('%s tells editors where its schema is', (name) => {
    const [first] = readFileSync(join(ROOT, 'specs', name, 'channel.yaml'), 'utf8').split('\n');
    expect(first).toBe('# yaml-language-server: $schema=../schema/channel.schema.json');
  });

  it('are the only place that knows a channel by its name', () => {
    const names = specNames();
    const knowing = ['lambdas', 'lib'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .flatMap((path) => {
          const source = withoutComments(readFileSync(join(ROOT, folder, path), 'utf8'));
          return names
            .filter((name) => new RegExp(`(['"\`])${name}:?\\1`).test(source))
            .filter((name) => OTHER_WORDS[`${folder}/${path}`] !== name)
            .map((name) => `${folder}/${path}: ${name}`);
        }),
    );
    expect(knowing).toEqual([]);
  });
});

/** Good enough for a search: a `//` inside a text only hides what follows it on the line when it is not part of a URL. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}
