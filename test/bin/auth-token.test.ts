import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../bin/auth-token.ts', import.meta.url));
const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:MasterKey-AbCdEf';
const ACCOUNT = 'AC0123456789abcdef0123456789abcdef';

/** What AWS is asked, with the signature's scope; it answers the master key `key` for the one secret there is. */
const asked: { target: string; scope: string; body: unknown }[] = [];
let aws: Server;
let endpoint: string;

beforeAll(async () => {
  aws = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    const scope = /Credential=[^/]+\/\d+\/([^,]+),/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    asked.push({ target: String(request.headers['x-amz-target']), scope, body });
    const known = body.SecretId === ARN;
    response.writeHead(known ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(
        known ? { SecretString: 'key' } : { __type: 'AccessDeniedException', message: 'You are not the owner.' },
      ),
    );
  });
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
  const address = aws.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => aws.close());

async function authToken(...parameters: string[]) {
  const child = spawn(process.execPath, [command, ...parameters], {
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
    },
  });
  const [out, err, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('exit', resolve)),
  ]);
  return { out, err, status };
}

describe('npm run auth-token', () => {
  it('prints the token of an account, and nothing else, from the master key in the Region of its ARN', async () => {
    const expected = createHmac('sha256', 'key').update(`${ACCOUNT}:1`).digest('hex').slice(0, 32);
    expect(await authToken(ARN, ACCOUNT)).toEqual({ out: `${expected}\n`, err: '', status: 0 });
    expect(asked.at(-1)).toEqual({
      target: 'secretsmanager.GetSecretValue',
      scope: 'eu-central-1/secretsmanager/aws4_request',
      body: { SecretId: ARN },
    });
  });

  it('prints the token of a later generation', async () => {
    const expected = createHmac('sha256', 'key').update(`${ACCOUNT}:7`).digest('hex').slice(0, 32);
    expect((await authToken(ARN, ACCOUNT, '7')).out).toBe(`${expected}\n`);
  });

  it('says what AWS says to someone who may not read the key', async () => {
    const { out, err, status } = await authToken(`${ARN}x`, ACCOUNT);
    expect({ out, err, status }).toEqual({ out: '', err: 'You are not the owner.\n', status: 1 });
  });

  it.each([
    ['nothing', []],
    ['no account', [ARN]],
    ['something else than an account', [ARN, 'SK0123456789abcdef0123456789abcdef']],
    ['something else than a generation', [ARN, ACCOUNT, 'latest']],
    ['too much', [ARN, ACCOUNT, '1', 'more']],
  ])('explains itself when given %s', async (_title, parameters) => {
    const { err, status } = await authToken(...parameters);
    expect(err).toMatch(/^Usage: npm run -s auth-token -- /);
    expect(status).toBe(1);
  });
});
