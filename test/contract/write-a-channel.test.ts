import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runChannelCommand } from '../../lambdas/channels/command-line.ts';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import { outboundMessageSchema, senderContextSchema } from '../../lambdas/channels/types.ts';
import { payloadOf, readCases } from './case-file.ts';
import { blocksOf, stepsOf, wordsOf, writeFiles } from './document.ts';

/*
 * docs/write-a-channel.md, followed to the letter: its files are written, its commands run, and what they print is what it shows.
 */

const blocks = blocksOf('write-a-channel.md');
const home = process.cwd();
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'write-a-channel-'));
  process.chdir(directory);
});
afterEach(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

describe('docs/write-a-channel.md', () => {
  const steps = stepsOf(blocks);

  it('shows every command', () => {
    const commands = steps.map(({ command }) => wordsOf(command)[5]);
    expect(new Set(commands)).toEqual(new Set(['check', 'render', 'interpret', 'parse']));
  });

  it.each(steps)('$command', async ({ command, prints, before }) => {
    writeFiles(before, directory);
    const [npm, run, quiet, script, dashes, ...words] = wordsOf(command);
    expect([npm, run, quiet, script, dashes]).toEqual(['npm', 'run', '-s', 'channel', '--']);
    const printed: string[] = [];
    const print = (line: string) => printed.push(line);
    await runChannelCommand(words, { result: print, complain: print, input: () => '' });
    expect(printed).toEqual(prints);
  });

  it('has cases that hold', async () => {
    writeFiles(blocks, directory);
    const { channel, file } = readSpec('specs/heliograph/channel.yaml');
    const cases = readCases(file);
    const sender = senderContextSchema.parse({ fields: {}, secrets: {}, ...cases.sender });
    for (const { message, requests, refused } of cases.render) {
      const rendering = channel.render(
        outboundMessageSchema.parse({
          sid: 'SM0',
          accountSid: 'AC0',
          channel: 'heliograph',
          from: '15550001111',
          ...message,
        }),
        sender,
      );
      if (refused !== undefined) await expect(rendering).rejects.toThrow(refused);
      else {
        const rendered = (await rendering).map(({ body, ...rest }) => ({ ...rest, body: JSON.parse(String(body)) }));
        expect(rendered).toMatchObject(requests ?? []);
      }
    }
    for (const { answer, outcome } of cases.interpret) expect(await channel.interpret(answer)).toEqual(outcome);
    for (const item of cases.receive) {
      const body = payloadOf(file, item);
      const signature = createHmac('sha256', String(sender.secrets['signingKey'])).update(body).digest('hex');
      const headers = item.signed ? item.headers : { 'x-heliograph-signature': `sha256=${signature}` };
      const reading = await channel.receive({ method: 'POST', headers: headers ?? {}, query: {}, body }, sender);
      expect(reading).toMatchObject(item.events ? { kind: 'events', events: item.events } : { kind: 'malformed' });
    }
  });
});
