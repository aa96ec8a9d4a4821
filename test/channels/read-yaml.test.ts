import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpec, SpecFileError, UnknownSpecError } from '../../lambdas/channels/read-yaml.ts';

const PIGEON = readFileSync(fileURLToPath(new URL('fixtures/pigeon.yaml', import.meta.url)), 'utf8');
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'specs-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The mistakes of a spec: `line:column: message`. */
function mistakesIn(source: string): string[] {
  const file = join(directory, 'channel.yaml');
  writeFileSync(file, source);
  try {
    readSpec(file);
    return [];
  } catch (error) {
    if (!(error instanceof SpecFileError)) throw error;
    return error.mistakes.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

/** Where a text first stands in the source, as the mistakes tell it. */
function placeOf(source: string, text: string): string {
  const before = source.slice(0, source.indexOf(text)).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

describe('a spec that is wrong', () => {
  it.each([
    ['a misspelt key', 'limits:\n', 'limts:\n', 'limts', 'limts: unknown key; did you mean "limits"?'],
    [
      'a misspelt key deep inside',
      'contentTypes: [',
      'contentTyps: [',
      'contentTyps',
      'outbound.cases.1.contentTyps: unknown key; did you mean "contentTypes"?',
    ],
    [
      'a key of another kind of event',
      'status: "{% landing.state %}"',
      'state: "{% landing.state %}"',
      'state: "',
      'inbound.events.1.event.state: unknown key; did you mean "status"?',
    ],
    [
      'a key that is like none',
      'inDoubt:',
      'zzz: 1\n  inDoubt:',
      'zzz',
      'outbound.zzz: unknown key; known are inDoubt, validityPeriod, request, cases, answer',
    ],
    [
      'a misspelt choice',
      'class: retry',
      'class: rety',
      'rety',
      'errors.default.5xx.class: "rety" is none of retry, rate-limited, auth, recipient, window, permanent; did you mean "retry"?',
    ],
    [
      'a misspelt scheme',
      'scheme: query-key',
      'scheme: query_key',
      'query_key',
      'auth.scheme: "query_key" is none of static-header, query-key, basic, login-session, oauth2-client-credentials, jwt-bearer, exchanged-token, aws-sigv4; did you mean "query-key"?',
    ],
    ['a missing error default', '  default:\n', '  defaultt:\n', 'errors:', 'errors.default: is missing'],
    [
      'a missing family of it',
      '    5xx: { class: retry, twilioCode: 63009 }\n',
      '',
      'default:\n',
      'errors.default.5xx: is missing',
    ],
    ['a value of the wrong type', 'max: 20', 'max: many', 'many', 'limits.text.max: expected number, received string'],
    [
      'a JSONata syntax error',
      '{% media.url %}',
      '{% media.( %}',
      ' %}", size',
      'outbound.cases.1.body.picture: not JSONata: ',
    ],
    [
      'a hole that is not closed',
      '{% media.url %}',
      '{% media.url }',
      '"{% media.url }',
      'outbound.cases.1.body.picture: a hole that "{%" opens is not closed by "%}"',
    ],
    [
      'a name that means nothing',
      '{% message.to %}',
      '{% mesage.to %}',
      'mesage',
      'outbound.request.body.to: nothing is called "mesage" here; there is message, text, media, part, sender, session; did you mean "message"?',
    ],
    [
      'a field of a message that there is not',
      '{% message.to %}',
      '{% message.too %}',
      'too %',
      'outbound.request.body.to: message has no "too"',
    ],
    [
      'a secret that is not declared',
      '{% sender.secrets.key %}',
      '{% sender.secrets.kay %}',
      'kay',
      'auth.value: sender.secrets has no "kay"; there is key, signing, token; did you mean "key"?',
    ],
    [
      'a signature without a secret as its key',
      '"{% sender.secrets.signing %}"',
      'public',
      'public',
      'inbound.signature.key: a signature needs a secret as its key',
    ],
    [
      'a failure without its code',
      'class: recipient, twilioCode: 63003',
      'class: recipient',
      '{ codes: [7], status',
      'errors.rules.0: a failure needs its "twilioCode"',
    ],
    [
      'an event that names nothing it can see',
      '"{% landing.at %}"',
      '"{% payload.at %}"',
      'payload.at',
      'inbound.events.1.event.timestamp: nothing is called "payload" here',
    ],
    [
      'a file that no step downloads',
      'picture: "{% media.url %}"',
      'picture: { file: image }',
      'image }',
      'outbound.cases.1.body.picture.file: no step before it downloads "image"; there is none',
    ],
    [
      'a step that is nothing',
      '      encoding: multipart\n',
      '      encoding: multipart\n      steps: [{ name: file }]\n',
      '{ name: file',
      'outbound.cases.1.steps.0: a step is one of "download", "head" and "request"',
    ],
    [
      'a step that is two things',
      '      encoding: multipart\n',
      '      encoding: multipart\n      steps: [{ name: file, head: "{% media.url %}", download: "{% media.url %}" }]\n',
      '{ name: file',
      'outbound.cases.1.steps.0: a step is one of "download", "head" and "request"',
    ],
    [
      'a step that reads one after it',
      '      encoding: multipart\n',
      '      encoding: multipart\n      steps: [{ name: one, head: "{% steps.two.url %}" }]\n',
      'steps.two',
      'outbound.cases.1.steps.0.head: nothing is called "steps" here',
    ],
    [
      'two steps of one name',
      '      encoding: multipart\n',
      '      encoding: multipart\n      steps: [{ name: one, head: "{% media.url %}" }, { name: one, head: "{% media.url %}" }]\n',
      'one, head: "{% media.url %}" }]',
      'outbound.cases.1.steps.1.name: another step is called "one"',
    ],
    [
      'a case that is never reached',
      '- kind: text\n',
      '- kind: text\n    - kind: text\n',
      'kind: text\n      body',
      'outbound.cases.1: never reached: an earlier case takes every message of kind "text"',
    ],
    [
      'a rule that is never reached',
      'codes: [7], status: [200]',
      'codes: [7]',
      '{ codes: [7], class: permanent',
      'errors.rules.1: code 7 is never reached: rule 1 takes it already',
    ],
    [
      'a status that an earlier rule takes',
      '  default:\n',
      '    - { status: [403, 404], class: auth, twilioCode: 63001 }\n    - { status: [404], class: recipient, twilioCode: 63003 }\n  default:\n',
      '{ status: [404], class: recipient',
      'errors.rules.4: status 404 is never reached: rule 4 takes it already',
    ],
    [
      'content types that an earlier case takes',
      '    - kind: location\n',
      '    - kind: media\n      contentTypes: [image/png, image/gif]\n      body: {}\n    - kind: location\n',
      'kind: media\n      contentTypes: [image/png',
      'outbound.cases.2: never reached: earlier cases take all its content types',
    ],
    [
      'a rule about nothing',
      '{ codes: [7], status: [200], class',
      '{ class',
      '{ class: recipient',
      'errors.rules.0: a rule needs "codes", "status" or "when"; what fits all is "default"',
    ],
    [
      'a request without a URL',
      /^ {4}url: .*\n/m,
      '',
      'kind: text',
      'outbound.cases.0: its request lacks "url"; give it here or in outbound.request',
    ],
    [
      'a list element that takes a known name',
      '{ landing: ',
      '{ sender: ',
      'sender: "{% webhook.body.landings',
      'inbound.events.1.each.sender: "sender" is taken; choose another name',
    ],
    [
      'a pattern that is no regular expression',
      'P[0-9a-f]{8}',
      'P[0-9',
      '"P[0-9',
      'address.pattern: is no regular expression',
    ],
  ] satisfies [string, string | RegExp, string, string, string][])(
    'with %s is told where and what',
    (_label, from, to, at, message) => {
      const source = PIGEON.replace(from, to);
      expect(source).not.toBe(PIGEON);
      const start = `${placeOf(source, at)}: ${message}`;
      expect(mistakesIn(source).map((mistake) => mistake.slice(0, start.length))).toContain(start);
    },
  );

  it('has all its mistakes told at once, in the order of the file', () => {
    const source = PIGEON.replace('title:', 'titel:')
      .replace('{% media.url %}', '{% media.ulr %}')
      .replace('{% text %}', '{% text( %}');
    expect(mistakesIn(source).map((mistake) => mistake.replace(/^\d+:\d+: /, '').split(/[:;]/)[0])).toEqual([
      'title',
      'titel',
      'outbound.cases.0.body.text',
    ]);
    expect(mistakesIn(source.replace('titel:', 'title: Pigeon\ntitel:')).length).toBe(3);
  });

  it('that is not YAML is told where', () => {
    expect(mistakesIn('name: pigeon\ntitle: [1\n')[0]).toMatch(/^\d+:\d+: not YAML: /);
    expect(mistakesIn(PIGEON.replace('title: ', 'name: x\ntitle: '))[0]).toMatch(
      /^3:1: not YAML: Map keys must be unique/,
    );
  });

  it.each(['', '- a\n', 'text'])('that is no mapping is told so: %j', (source) => {
    expect(mistakesIn(source)).toHaveLength(1);
  });

  it('that does not exist is told with what might be meant', () => {
    expect(() => readSpec('whatsap')).toThrow(UnknownSpecError);
    expect(() => readSpec('whatsap')).toThrow('there is no channel and no file "whatsap"; did you mean "whatsapp"?');
  });
});

describe('a spec that is right', () => {
  it('has no mistakes', () => {
    expect(mistakesIn(PIGEON)).toEqual([]);
  });

  it('is found by its name and by its path', () => {
    expect(readSpec('whatsapp').spec).toEqual(readSpec(readSpec('whatsapp').file).spec);
  });
});
