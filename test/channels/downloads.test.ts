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

  it.each([
    ['the host that is asked for files', 'https://api.pigeon.example/cdn/1', true],
    ['another port of it', 'https://api.pigeon.example:8443/cdn/1', false],
    ['the same host without TLS', 'http://api.pigeon.example/cdn/1', false],
    ['a host that only begins like it', 'https://api.pigeon.example.evil.example/cdn/1', false],
    ['somebody’s name at it', 'https://me@api.pigeon.example/cdn/1', false],
    ['no URL', 'cdn/1', false],
  ])('have the credentials at %s: %s', async (_label, url, hasThem) => {
    const linking = pigeonWith((spec) => ({
      inbound: {
        ...spec.inbound,
        media: {
          method: 'GET',
          url: 'https://api.pigeon.example/files/{% media.id %}',
          link: { url: '{% answer.body.url %}', hosts: ['cdn.pigeon.example'] },
        },
      },
    }));
    const headers = { 'content-type': 'application/json' };
    const reading = await linking.downloaded?.({ status: 200, headers, body: JSON.stringify({ url }) }, sender);
    expect(reading).toMatchObject({ request: { url: hasThem ? `${url}?key=key` : url } });
  });

  it('have the credentials at whatever stands in for the provider, where the spec names any host', async () => {
    const local = (link: object) =>
      pigeonWith((spec) => ({
        registration: {
          ...spec.registration,
          fields: { loft: { description: 'x' }, url: { description: 'x', format: 'url' } },
        },
        inbound: { ...spec.inbound, media: { method: 'GET', url: '{% sender.fields.url %}/{% media.id %}', link } },
      }));
    const owner = { ...sender, fields: { loft: 'east', url: 'http://127.0.0.1:8081/' } };
    const answer = { status: 200, headers: {}, body: '{"url":"http://127.0.0.1:8081/file"}' };
    const url = '{% answer.body.url %}';
    const named = await local({ url, hosts: ['cdn.pigeon.example'] }).downloaded?.(answer, owner);
    expect(named).toMatchObject({ request: { url: 'http://127.0.0.1:8081/file?key=key' } });
    const open = await local({ url }).downloaded?.(answer, owner);
    expect(open).toMatchObject({ request: { url: 'http://127.0.0.1:8081/file' } });
  });

  it('are not to be had when the answer is an error inside a success', async () => {
    expect(await answered('{"status":7}', undefined)).toMatchObject({ outcome: 'failed', code: '7' });
  });
});
