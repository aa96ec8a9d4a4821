import { describe, expect, it } from 'vitest';
import { MissingValueError } from '../../lambdas/channels/http/request.ts';
import { pigeonWith } from './fixtures/pigeon.ts';

const sender = { address: 'Pffffffff', fields: { loft: 'east' }, secrets: { key: 'key' } };
const channel = pigeonWith((spec) => ({
  inbound: {
    ...spec.inbound,
    media: {
      method: 'GET',
      url: 'https://api.pigeon.example/files/{% media.id %}',
      link: { url: '{% answer.body.url %}', hosts: ['*.pigeon.example'] },
    },
    mediaAuth: { hosts: ['media.pigeon.example'] },
  },
}));
const answered = (body: string, contentType: string | undefined = 'application/json', status = 200) =>
  channel.downloaded?.({ status, headers: contentType ? { 'content-type': contentType } : {}, body }, sender);

describe('inbound media', () => {
  it('are asked for by id, with the credentials', async () => {
    expect((await channel.download?.({ id: 'a/b' }, sender))?.url).toBe(
      'https://api.pigeon.example/files/a%2Fb?key=key',
    );
  });

  it.each([
    ['https://media.pigeon.example/1?x=1', 'https://media.pigeon.example/1?x=1&key=key'],
    ['https://cdn.example/1', 'https://cdn.example/1'],
    ['https://media.pigeon.example.evil.example/1', 'https://media.pigeon.example.evil.example/1'],
    ['http://media.pigeon.example/1', 'http://media.pigeon.example/1'],
  ])("by URL get the credentials only at the provider's own host: %s", async (url, expected) => {
    expect((await channel.download?.({ url }, sender))?.url).toBe(expected);
  });

  it('without id or URL cannot be asked for', async () => {
    await expect(channel.download?.({}, sender)).rejects.toThrow(MissingValueError);
  });

  it.each([
    ['a picture', '\u0089PNG', 'image/png'],
    ['JSON that neither links nor complains', '{"a":1}', 'application/json'],
    ['a text that begins like JSON', '{a}', 'text/plain'],
    ['a text', 'hello', 'text/plain'],
  ])('are the answer itself when it is %s', async (_label, body, contentType) => {
    expect(await answered(body, contentType)).toEqual({ kind: 'file' });
  });

  it('are where the answer says, with the credentials if that is the provider’s', async () => {
    expect(await answered('{"url":"https://cdn.pigeon.example/1"}')).toEqual({
      kind: 'elsewhere',
      request: { method: 'GET', url: 'https://cdn.pigeon.example/1?key=key', headers: {} },
    });
    expect(await answered('{"url":"https://cdn.example/1"}', 'text/plain')).toMatchObject({
      request: { url: 'https://cdn.example/1' },
    });
  });

  it('are not to be had when the answer is an error inside a success', async () => {
    expect(await answered('{"status":7}', undefined)).toMatchObject({ outcome: 'failed', code: '7' });
  });
});
