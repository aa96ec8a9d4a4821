import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runDeadLetters } from '../../bin/dead-letters/run.ts';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { toEvent } from '../../local/http-api/event.ts';
import { tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channels = bundleChannels();
const { handler } = await import('../../lambdas/api/api.lambda.ts');
const { DeadLetterStore } = await import('../../lambdas/platform/stores/dead-letters.ts');
const store = new DeadLetterStore('switchboard', ROOT_ACCOUNT_SID);

const NOW = Date.now();
const directory = mkdtempSync(join(tmpdir(), 'dead-letters-'));
/** Answers in place of the gateway. */
let script: ((response: ServerResponse) => void) | undefined;
let server: Server;
let environment: Record<string, string>;

/** The gateway's API behind a real HTTP server. */
beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (script) return script(response);
    const event = toEvent(
      {
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        rawHeaders: request.rawHeaders,
        body: await buffer(request),
        sourceIp: '192.0.2.1',
        port: 80,
      },
      { apiId: 'api', routeKey: '$default', pathParameters: {} },
    );
    const answer = await handler(event, {} as Context);
    response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  environment = {
    SWITCHBOARD_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    SWITCHBOARD_ACCOUNT_SID: ROOT_ACCOUNT_SID,
    SWITCHBOARD_AUTH_TOKEN: tokenOf(ROOT_ACCOUNT_SID),
  };
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
beforeEach(async () => {
  script = undefined;
  for (const sid of await sids()) await store.remove(ROOT_ACCOUNT_SID, sid);
  await aws.drain('CALLBACKS_QUEUE_URL');
});
afterAll(async () => {
  vi.restoreAllMocks();
  server.close();
  rmSync(directory, { recursive: true });
  rmSync(channels, { recursive: true });
  await aws.stop();
});

async function run(words: string[], changed: Partial<typeof environment> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runDeadLetters(words, {
    environment: { ...environment, ...changed },
    localFile: join(directory, 'local.json'),
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    now: () => NOW,
  });
  return { out, err, status };
}

/** Newest first. */
const sids = async () =>
  (await store.page(ROOT_ACCOUNT_SID, { order: 'newest first', limit: 1_000 })).letters.map(({ sid }) => sid);

let keys = 0;
/** A letter that is a minute younger than the one before. */
async function bury(changes: Partial<DeadLetter> = {}): Promise<string> {
  const at = new Date(NOW - 10 * 3_600_000 + ++keys * 60_000).toISOString();
  const messageSid = `SM${String(keys).padStart(32, '0')}`;
  const payload = {
    kind: 'status',
    accountSid: ROOT_ACCOUNT_SID,
    messageSid,
    url: 'https://customer.example/',
    method: 'POST',
    params: { MessageStatus: 'read' },
    idempotencyToken: 't',
  };
  const reason = 'The answer was 503.';
  const letter: DeadLetter = { kind: 'callback', reason, at, accountSid: ROOT_ACCOUNT_SID, messageSid, payload };
  await store.bury({ ...letter, ...changes }, `key ${keys}`);
  return (await sids())[0] ?? '';
}

describe('dead-letters list', () => {
  it('is a table for people', async () => {
    const at = '2026-03-01T12:00:00.000Z';
    const old = { at, messageSid: `SM${'1'.repeat(32)}` };
    await bury(old);
    const [sid] = await sids();
    await bury({ kind: 'webhook', reason: 'the body is not json', messageSid: undefined });
    const [webhook] = await sids();
    const { out, err, status } = await run(['list']);
    expect({ err, status }).toEqual({ err: [], status: 0 });
    expect(out[0]).toMatch(/^SID {33}CREATED {15}QUEUE {14}MESSAGE {29}REASON$/);
    expect(out[1]).toMatch(new RegExp(`^${webhook}  20.{18}  inbound \\(webhook\\)  - {35}the body is not json$`));
    expect(out[2]).toBe(`${sid}  2026-03-01T12:00:00Z  callbacks          ${old.messageSid}  The answer was 503.`);
  });

  it('is a JSON object per line for programs', async () => {
    const sid = await bury();
    const { out, status } = await run(['list', '--json']);
    expect(status).toBe(0);
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { sid, queue: 'callbacks', reason: 'The answer was 503.' },
    ]);
  });

  it('says that there are none, and that there are more', async () => {
    expect(await run(['list'])).toEqual({ out: [], err: ['There are none.'], status: 0 });
    for (let index = 0; index < 3; index += 1) await bury();
    const { out, err } = await run(['list', '--limit', '2']);
    expect(out).toHaveLength(3);
    expect(err).toEqual(['These are the newest 2; there are more: --limit, or --all.']);
    expect((await run(['list', '--all', '--json'])).out).toHaveLength(3);
  });

  it('finds by queue, reason and time', async () => {
    const early = await bury({ at: new Date(NOW - 26 * 3_600_000).toISOString() });
    const late = await bury({ kind: 'outbound', reason: 'Never answered' });
    const found = async (...words: string[]) =>
      (await run(['list', '--json', ...words])).out.map((line) => JSON.parse(line).sid);
    expect(await found('--queue', 'outbound')).toEqual([late]);
    expect(await found('--reason', 'ANSWER WAS')).toEqual([early]);
    expect(await found('--since', '1d')).toEqual([late]);
    expect(await found('--until', new Date(NOW - 25 * 3_600_000).toISOString())).toEqual([early]);
  });
});

describe('dead-letters show', () => {
  it('prints what may be told of one', async () => {
    const sid = await bury();
    const { out, status } = await run(['show', sid]);
    expect(status).toBe(0);
    expect(out).toContain(`sid:          ${sid}`);
    expect(out).toContain('payload:');
    expect(out.join('\n')).toMatch(/^ {2}host: +customer\.example$/m);
    expect(out.join('\n')).toMatch(/^ {2}parameters:\n {4}MessageStatus: text \(4\)$/m);
    expect(JSON.parse((await run(['show', sid, '--json'])).out.join(''))).toMatchObject({ sid, kind: 'callback' });
  });

  it('says what the gateway says of one that is not there', async () => {
    const { out, err, status } = await run(['show', `DL${'0'.repeat(32)}`]);
    expect({ out, status }).toEqual({ out: [], status: 1 });
    expect(err[0]).toMatch(/^The gateway answered 404 \(20404\): The requested resource/);
  });
});

describe('dead-letters redrive', () => {
  it('takes up those that are named', async () => {
    const [first, second] = [await bury(), await bury()];
    expect(await run(['redrive', first])).toEqual({ out: ['1 redriven.'], err: [], status: 0 });
    expect(await aws.drain('CALLBACKS_QUEUE_URL')).toHaveLength(1);
    expect(await sids()).toEqual([second]);
  });

  it('names those that could not be, and ends with 1', async () => {
    await bury();
    const broken = await bury({ payload: {} });
    const { out, err, status } = await run(['redrive', '--queue', 'callbacks']);
    expect({ out, status }).toEqual({ out: ['1 redriven, 1 could not be.'], status: 1 });
    expect(err).toEqual([`${broken}: The dead letter cannot be redriven. Its callback cannot be read.`]);
    const again = await run(['redrive', '--all', '--json']);
    expect(JSON.parse(again.out.join(''))).toMatchObject({ redriven: 0, already_sent: 0, refused: [{ sid: broken }] });
  });

  it('goes on until all are handled, and says how far it is', async () => {
    const answers = [
      { redriven: 40, already_sent: 1, refused: [], next_page_token: 'PA1' },
      { redriven: 2, already_sent: 0, refused: [], next_page_token: null },
    ];
    script = (response) => response.end(JSON.stringify(answers.shift()));
    expect(await run(['redrive', '--all'])).toEqual({
      out: ['42 redriven, 1 had been sent already.'],
      err: ['40 redriven, 1 had been sent already so far …'],
      status: 0,
    });
  });

  it('says what was done before it was stopped', async () => {
    const answers = ['{"redriven":40,"next_page_token":"PA1"}', '{"code":20500,"message":"Sorry"}'];
    script = (response) => response.writeHead(answers.length === 2 ? 200 : 500).end(answers.shift());
    const { out, err, status } = await run(['redrive', '--all']);
    expect({ out, status }).toEqual({ out: [], status: 1 });
    expect(err.slice(1)).toEqual([
      '40 redriven, then it stopped. The same command goes on.',
      'The gateway answered 500 (20500): Sorry',
    ]);
  });

  it('of more than a request may name is several requests', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `DL${index.toString(16).padStart(32, '0')}`);
    const { out, err, status } = await run(['redrive', ...many]);
    expect({ out, status, last: err.at(-1) }).toEqual({
      out: ['0 redriven, 1001 could not be.'],
      status: 1,
      last: '… and 981 more; --json names all.',
    });
  });
});

describe('dead-letters drop', () => {
  it('removes those that are meant', async () => {
    const [first, second] = [await bury(), await bury()];
    expect(await run(['drop', second])).toEqual({ out: ['1 dropped.'], err: [], status: 0 });
    expect(await sids()).toEqual([first]);
    expect(await run(['drop', '--reason', '503', '--json'])).toEqual({ out: ['{"dropped":1}'], err: [], status: 0 });
    expect(await run(['drop', second])).toEqual({ out: ['0 dropped.'], err: [], status: 1 });
  });
});

describe('the command line', () => {
  it.each<[string[], RegExp]>([
    [[], /^Usage: npm run -s dead-letters -- /],
    [['dance'], /There is no command "dance"/],
    [['list', 'DL1'], /For one letter, use "show"/],
    [['show'], /the SID of one dead letter/],
    [['show', 'SM1'], /"SM1" is not the SID of a dead letter/],
    [['redrive'], /Say which to redrive: SIDs, --queue/],
    [['drop'], /Say which to drop/],
    [['drop', `DL${'0'.repeat(32)}`, '--all'], /not both/],
    [['list', '--since', 'yesterday'], /--since takes a date, or how long ago/],
    [['list', '--limit', '0'], /--limit takes a whole number/],
    [['list', '--queue', ''], /no value: --queue/],
    [['list', '--quiet'], /'--quiet'.*--help/s],
  ])('%j is asked for wrongly', async (words, message) => {
    const { out, err, status } = await run(words);
    expect({ out, status }).toEqual({ out: [], status: 2 });
    expect(err.join('\n')).toMatch(message);
  });

  it('explains itself', async () => {
    const { out, status } = await run(['redrive', '--help']);
    expect({ out: out[0]?.split('\n')[0], status }).toEqual({
      out: 'Usage: npm run -s dead-letters -- <command> [options]',
      status: 0,
    });
  });

  it.each([
    ['refused the credentials', { SWITCHBOARD_AUTH_TOKEN: 'wrong' }, 1],
    ['SWITCHBOARD_ACCOUNT_SID must be set', { SWITCHBOARD_ACCOUNT_SID: '' }, 2],
    ['is not a URL', { SWITCHBOARD_URL: 'gateway' }, 2],
    // A port that browsers may not use: nothing is asked.
    ['could not be reached: bad port', { SWITCHBOARD_URL: 'http://127.0.0.1:1' }, 1],
    ['there is no', { SWITCHBOARD_URL: '', SWITCHBOARD_ACCOUNT_SID: '', SWITCHBOARD_AUTH_TOKEN: '' }, 2],
  ])('says: %s', async (message, changed, expected) => {
    const { out, err, status } = await run(['list'], changed);
    expect({ out, status }).toEqual({ out: [], status: expected });
    expect(err.join('\n')).toContain(message);
  });

  it.each([
    ['<html>', 502, 'answered 502, and not as a gateway does'],
    ['{"hello":"world"}', 200, 'no gateway, or one of another version'],
  ])('is not misled by what is no gateway: %s', async (body, answered, message) => {
    script = (response) => response.writeHead(answered).end(body);
    const { err, status } = await run(['list']);
    expect({ status, err }).toEqual({ status: 1, err: [expect.stringContaining(message)] });
  });

  it('is a program that finds the gateway of npm start, and ends with its code', async () => {
    const sid = await bury();
    mkdirSync(join(directory, '.switchboard'));
    const {
      SWITCHBOARD_URL: url,
      SWITCHBOARD_ACCOUNT_SID: accountSid,
      SWITCHBOARD_AUTH_TOKEN: authToken,
    } = environment;
    writeFileSync(join(directory, '.switchboard/local.json'), JSON.stringify({ url, accountSid, authToken }));
    const program = fileURLToPath(new URL('../../bin/dead-letters.ts', import.meta.url));
    const start = async (...words: string[]) => {
      const child = spawn(process.execPath, [program, ...words], {
        cwd: directory,
        env: { PATH: process.env['PATH'] },
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { out, err, status: await ended };
    };
    expect(await start('redrive', sid)).toEqual({ out: '1 redriven.\n', err: '', status: 0 });
    expect((await start('redrive')).status).toBe(2);
  });
});
