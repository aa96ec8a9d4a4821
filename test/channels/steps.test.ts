import { describe, expect, it } from 'vitest';
import type { OutboundMessage, Step } from '../../lambdas/channels/types.ts';
import { pigeonWith } from './fixtures/pigeon.ts';

const sender = { address: 'Pffffffff', fields: { loft: 'east' }, secrets: { key: 'k&y' } };
const message: OutboundMessage = {
  sid: 'SM1',
  accountSid: 'AC1',
  channel: 'pigeon',
  from: 'Pffffffff',
  to: 'P00000001',
  media: [{ url: 'https://m.example/a.png' }],
};

/** Images are downloaded, uploaded, and sent by the id that the upload gave. */
const uploading = pigeonWith((spec) => ({
  outbound: {
    ...spec.outbound,
    cases: [
      {
        kind: 'media',
        steps: [
          { name: 'file', download: '{% media.url %}' },
          {
            name: 'upload',
            request: {
              method: 'POST',
              url: 'https://api.pigeon.example/files',
              encoding: 'multipart',
              body: {
                to: '{% message.to %}',
                bird: { file: 'file', filename: '{% media.filename %}', contentType: '{% steps.file.contentType %}' },
              },
            },
          },
        ],
        encoding: 'json',
        body: { picture: '{% steps.upload.files[0].id %}', bytes: '{% steps.file.size %}' },
      },
    ],
  },
}));
const weighing = pigeonWith((spec) => ({
  outbound: {
    ...spec.outbound,
    cases: [
      { kind: 'media', steps: [{ name: 'info', head: '{% media.url %}' }], body: { size: '{% steps.info.size %}' } },
    ],
  },
}));

async function partOf(channel = uploading) {
  const [part] = await channel.plan(message, sender);
  if (!part) throw new Error('there is no part');
  return part;
}
const stepOf = async (index: number, channel = uploading): Promise<Step> => {
  const step = (await partOf(channel)).steps[index];
  if (!step) throw new Error('there is no such step');
  return step;
};
const bytes = new Uint8Array([1, 2, 3]);
const file = { contentType: 'image/png', size: 3, bytes };

describe('a part with steps', () => {
  it('asks a customer for the file, without our credentials', async () => {
    const step = await stepOf(0);
    expect(step.kind).toBe('download');
    expect(await step.request({})).toEqual({ method: 'GET', url: 'https://m.example/a.png', headers: {} });
  });

  it('passes the bytes on to the provider, with the credentials', async () => {
    const step = await stepOf(1);
    expect(step.kind).toBe('request');
    expect(await step.request({ file })).toEqual({
      method: 'POST',
      url: 'https://api.pigeon.example/files?key=k%26y',
      headers: {},
      body: [
        { name: 'to', value: 'P00000001' },
        { name: 'bird', value: bytes, filename: 'a.png', contentType: 'image/png' },
      ],
    });
  });

  it('sends what the steps gave', async () => {
    const request = await (await partOf()).request({ file, upload: { files: [{ id: '5847060634540564918' }] } });
    expect(JSON.parse(String(request.body))).toEqual({ to: 'P00000001', picture: '5847060634540564918', bytes: 3 });
  });

  it('is shown with placeholders for what is not known before', async () => {
    const requests = await uploading.render(message, sender);
    expect(requests.map(({ method, body }) => [method, body])).toEqual([
      ['GET', undefined],
      [
        'POST',
        [
          { name: 'to', value: 'P00000001' },
          { name: 'bird', value: '<steps.file>', filename: 'a.png', contentType: '<steps.file.contentType>' },
        ],
      ],
      ['POST', expect.stringContaining('"picture":"<steps.upload.files')],
    ]);
    expect((await weighing.render(message, sender)).map(({ method }) => method)).toEqual(['HEAD', 'POST']);
  });

  it('gives an answer of the provider to what follows, ids exactly', async () => {
    const answer = { status: 200, headers: {}, bytes: Buffer.from('{"files":[{"id":5847060634540564918}]}') };
    expect(await (await stepOf(1)).read(answer)).toEqual({
      outcome: 'done',
      value: { files: [{ id: '5847060634540564918' }] },
    });
  });

  it.each([
    ['a status that says so', 503, '', { class: 'retry', twilioCode: 63009 }],
    ['an error inside a success', 200, '{"status":7}', { class: 'recipient', twilioCode: 63003, code: '7' }],
  ])('fails as any request to the provider with %s', async (_label, status, body, outcome) => {
    const answer = { status, headers: {}, bytes: Buffer.from(body) };
    expect(await (await stepOf(1)).read(answer)).toMatchObject({ outcome: 'failed', ...outcome });
  });

  it('has the file, what it is, and how large', async () => {
    const answer = { status: 200, headers: { 'content-type': 'image/png' }, bytes };
    expect(await (await stepOf(0)).read(answer)).toEqual({ outcome: 'done', value: file });
  });

  it('knows from its head alone how large a file is', async () => {
    const answer = (headers: Record<string, string>) => ({ status: 200, headers, bytes: new Uint8Array() });
    const step = await stepOf(0, weighing);
    expect(await step.request({})).toMatchObject({ method: 'HEAD', url: 'https://m.example/a.png' });
    expect(await step.read(answer({ 'content-length': '2138' }))).toEqual({ outcome: 'done', value: { size: 2138 } });
    expect(await step.read(answer({}))).toMatchObject({ outcome: 'failed', twilioCode: 63019 });
    expect(await step.read(answer({ 'content-length': 'many' }))).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    [404, 'permanent'],
    [403, 'permanent'],
    [302, 'permanent'],
    [429, 'retry'],
    [500, 'retry'],
  ])('fails with 63019 when the customer answers %i: %s', async (status, errorClass) => {
    const answer = { status, headers: { 'content-length': '5' }, bytes: Buffer.from('sorry') };
    expect(await (await stepOf(0)).read(answer)).toMatchObject({
      class: errorClass,
      twilioCode: 63019,
      scope: 'contact',
    });
  });
});
