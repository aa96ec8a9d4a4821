import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeLocalFile, writeLocalFile } from '../../local/local-file.ts';

const content = {
  url: 'http://127.0.0.1:8080',
  accountSid: 'AC1',
  authToken: 'token',
  sender: 'whatsapp:+15550001111',
  contact: 'whatsapp:+15551230001',
  simulatorUrl: 'http://127.0.0.1:9000',
  graphUrl: 'http://127.0.0.1:9001',
  providersUrl: 'http://127.0.0.1:9002',
  pid: 17,
};

describe('The local file', () => {
  let home: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'switchboard-'));
    file = join(home, 'deep', 'local.json');
  });

  afterEach(async () => {
    await rm(home, { recursive: true });
  });

  it('is written whole, for its owner only, with nothing beside it', async () => {
    await writeLocalFile(file, content);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(content);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(home, 'deep'))).toEqual(['local.json']);
  });

  it('is removed by the process that wrote it', async () => {
    await writeLocalFile(file, content);
    await removeLocalFile(file, 17);
    expect(await readdir(join(home, 'deep'))).toEqual([]);
  });

  it('stays when a later stack has replaced it', async () => {
    await writeLocalFile(file, { ...content, pid: 18 });
    await removeLocalFile(file, 17);
    expect(await readdir(join(home, 'deep'))).toEqual(['local.json']);
  });

  it('need not be there to be removed', async () => {
    await expect(removeLocalFile(file, 17)).resolves.toBeUndefined();
  });
});
