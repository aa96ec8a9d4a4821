import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChannelCommand } from '../../lambdas/channels/command-line.ts';

const COMMAND = fileURLToPath(new URL('../../bin/channel.ts', import.meta.url));
const PIGEON = fileURLToPath(new URL('fixtures/pigeon.yaml', import.meta.url));
const DEVICE = {
  address: '15550001111',
  fields: { url: 'https://device.example.com' },
  secrets: { password: 'TOPSECRET' },
};

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'channel-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function channel(args: string[], input = '') {
  const results: Record<string, unknown>[] = [];
  let stderr = '';
  const status = await runChannelCommand(args, {
    result: (line) => results.push(JSON.parse(line)),
    complain: (line) => {
      stderr += `${line}\n`;
    },
    input: () => input,
  });
  return { status, stderr, results };
}

it('npm run -s channel is this command', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'interpret', 'whatsapp', '-'], {
    encoding: 'utf8',
    input: '{"status":201,"body":{"messages":[{"id":"gBEG"}]}}',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{"outcome":"accepted","id":"gBEG"}\n', stderr: '' });
});

describe('channel render', async () => {
  it('prints each request on a line of its own', async () => {
    const message = file('message.json', {
      to: '15552223333',
      body: 'Hi',
      media: [{ url: 'https://m.example/a.mp3' }],
    });
    const { status, results, stderr } = await channel([
      'render',
      'whatsapp',
      message,
      '--sender',
      file('sender.json', DEVICE),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(results.map(({ url, body }) => [url, (JSON.parse(String(body)) as { type: string }).type])).toEqual([
      ['https://device.example.com/v1/messages', 'audio'],
      ['https://device.example.com/v1/messages', 'text'],
    ]);
  });

  it('shows by name what a sender would give, when there is none', async () => {
    const { results } = await channel(['render', 'whatsapp', file('message.json', { to: '1555', body: 'Hi' })]);
    expect(results).toMatchObject([
      { url: '<sender.fields.url>/v1/messages', headers: { Authorization: 'Bearer <session.token>' } },
    ]);
  });

  it('takes the path of any spec, and a message from standard input', async () => {
    const { results } = await channel(['render', PIGEON, '-'], '{"to":"P00000001","body":"coo"}');
    expect(results).toMatchObject([{ body: 'to=P00000001&text=coo' }]);
  });

  it.each([
    [
      'a channel that there is not',
      ['render', 'whatsap', '-'],
      2,
      'there is no channel and no file "whatsap"; did you mean "whatsapp"?',
    ],
    ['a kind that the channel lacks', ['render', PIGEON, '-'], 1, 'pigeon cannot send a template'],
    ['a file that there is not', ['render', 'whatsapp', 'none.json'], 2, 'none.json cannot be read (ENOENT)'],
    ['too little', ['render', 'whatsapp'], 2, 'expected <channel> <message.json>'],
    ['an unknown option', ['render', 'whatsapp', '-', '--sendr', 'x'], 2, "Unknown option '--sendr'"],
    ['an unknown command', ['rendr'], 2, 'there is no command "rendr"; did you mean "render"? (--help lists them)'],
  ])('with %s ends with one line that says so', async (_label, args, status, message) => {
    const result = await channel(args, '{"to":"1555","template":{"name":"t","language":"en"}}');
    expect(result).toMatchObject({ status, results: [] });
    expect(result.stderr.startsWith(message)).toBe(true);
  });

  it.each([
    ['an unknown key', { to: '1555', bodi: 'Hi' }, 'unknown key "bodi"; did you mean "body"?'],
    ['no recipient', { body: 'Hi' }, 'to: expected string, received undefined'],
    ['a list', [], 'it: expected object, received array'],
  ])('of a message with %s says what is wrong', async (_label, message, text) => {
    const { status, stderr } = await channel(['render', 'whatsapp', file('message.json', message)]);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['is not JSON', `{"secrets":{"password":"TOPSECRET"`, 'is not JSON'],
    [
      'lacks something',
      { ...DEVICE, fields: {} },
      'whatsapp also needs fields.url (Base URL of the device, where its /v1 paths begin)',
    ],
    ['has a key too many', { ...DEVICE, secret: 'TOPSECRET' }, 'unknown key "secret"; did you mean "secrets"?'],
    ['has a value of the wrong type', { ...DEVICE, secrets: 'TOPSECRET' }, 'secrets: expected record, received string'],
  ])('never shows the secrets of a sender file that %s', async (_label, sender, text) => {
    const message = file('message.json', { to: '1555', body: 'Hi' });
    const { status, stderr } = await channel(['render', 'whatsapp', message, '--sender', file('sender.json', sender)]);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('TOPSECRET');
  });
});

describe('channel interpret', async () => {
  it.each([
    [
      'with its body as text',
      { status: 201, headers: {}, body: '{"messages":[{"id":"gBEG"}]}' },
      { outcome: 'accepted', id: 'gBEG' },
    ],
    [
      'with its body as data',
      { status: 201, body: { messages: [{ id: 'gBEG' }] } },
      { outcome: 'accepted', id: 'gBEG' },
    ],
    [
      'with header names in any case',
      { status: 429, headers: { 'Retry-After': '5' }, body: '' },
      { outcome: 'failed', class: 'rate-limited', twilioCode: 63018, retryAfter: 5, scope: 'sender' },
    ],
  ])('says what an answer means: %s', async (_label, answer, outcome) => {
    const { status, results } = await channel(['interpret', 'whatsapp', file('answer.json', answer)]);
    expect({ status, results }).toEqual({ status: 0, results: [outcome] });
  });
});

describe('channel parse', async () => {
  const body = '{"ping":true}';

  it('prints each event on a line of its own', async () => {
    const statuses = [
      { id: 'g1', status: 'sent', timestamp: '1700000000' },
      { id: 'g2', status: 'read', timestamp: '1700000001' },
    ];
    const { status, results } = await channel(['parse', 'whatsapp', file('body.json', { statuses })]);
    expect(status).toBe(0);
    expect(results.map(({ type, id, status: word }) => [type, id, word])).toEqual([
      ['status', 'g1', 'sent'],
      ['status', 'g2', 'read'],
    ]);
  });

  it('checks the signature when there is a sender, and only then', async () => {
    const sender = file('sender.json', {
      address: 'Pffffffff',
      fields: { loft: 'x' },
      secrets: { key: 'k', signing: 'sign' },
    });
    const signature = 'sha256=9dc0a7cd69fa9f4c84d3d21f3f36ec9a2ef9b1e9d5a4a2e8f4b5d1b5f2b6a6d0';
    const args = [
      'parse',
      PIGEON,
      file('body.json', body),
      '--headers',
      JSON.stringify({ 'X-Pigeon-Signature': signature }),
    ];
    expect(await channel(args)).toMatchObject({ status: 0, results: [] });
    expect((await channel([...args, '--sender', sender])).results).toEqual([
      { type: 'refused', status: 403, reason: 'the signature is missing or wrong' },
    ]);
  });

  it('prints the answer to a handshake', async () => {
    const query = '{"loft.token":"coo","echo":"12345"}';
    expect((await channel(['parse', PIGEON, '-', '--method', 'GET', '--query', query])).results).toEqual([
      { type: 'handshake', status: 200, headers: { 'Content-Type': 'text/plain' }, body: '12345' },
    ]);
  });

  it('says that a payload is malformed', async () => {
    expect((await channel(['parse', 'whatsapp', '-'], 'PRIVATE')).results).toEqual([
      { type: 'malformed', reason: 'the body is not json' },
    ]);
  });

  it.each([
    ['--query', '{"a'],
    ['--headers', '[]'],
  ])('wants an object after %s', async (option, value) => {
    const { status, stderr } = await channel(['parse', 'whatsapp', '-', option, value]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `${option} must be a JSON object, such as '{"name":"value"}'\n`,
    });
  });
});

describe('channel check', async () => {
  it('of every spec finds nothing', async () => {
    const { status, results } = await channel(['check']);
    expect(status).toBe(0);
    expect(results.every(({ mistakes }) => mistakes === 0)).toBe(true);
  });

  it('prints each mistake on a line of its own, with its place', async () => {
    const wrong = readFileSync(PIGEON, 'utf8').replace('limits:', 'limts:').replace('{% media.url %}', '{% media. %}');
    const path = file('wrong.yaml', wrong);
    const { status, results, stderr } = await channel(['check', PIGEON, path]);
    expect(status).toBe(1);
    expect(results.map(({ line, message, mistakes }) => [line, message ?? mistakes])).toEqual([
      [undefined, 0],
      [2, 'limits: is missing'],
      [5, 'limts: unknown key; did you mean "limits"?'],
      [32, expect.stringMatching(/^outbound\.cases\.1\.body\.picture: not JSONata: /)],
    ]);
    expect(stderr).toContain('has 3 mistakes');
  });
});
