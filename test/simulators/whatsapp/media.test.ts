import { describe, expect, it } from 'vitest';
import { type Bench, CONTACT, onBench, textAt } from './bench.ts';

const JPEG = { 'content-type': 'image/jpeg' };

async function upload(bench: Bench, content: Buffer | string, headers: Record<string, string> = JPEG) {
  return bench.device.call('POST', '/v1/media', content, headers);
}

describe('media', () => {
  it('is uploaded raw, downloaded as it was, and deleted', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const { status, json } = await upload(bench, 'not really a picture');
      const path = `/v1/media/${textAt(json, 'media.0.id')}`;
      const authorization = `Bearer ${bench.device.token}`;
      const downloaded = await fetch(bench.simulator.url + path, { headers: { authorization } });

      expect(status).toBe(201);
      expect(downloaded.headers.get('content-type')).toBe('image/jpeg');
      expect(await downloaded.text()).toBe('not really a picture');
      expect((await bench.device.call('DELETE', path)).status).toBe(200);
      expect(await bench.device.call('GET', path)).toMatchObject({ status: 404, text: '' });
    });
  });

  it('can be sent by id as what it is, and as nothing else', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const id = textAt((await upload(bench, 'picture')).json, 'media.0.id');
      const send = (type: string) => bench.device.call('POST', '/v1/messages', { to: CONTACT, type, [type]: { id } });

      expect((await send('image')).status).toBe(201);
      expect((await send('document')).status).toBe(201);
      expect((await send('video')).json).toMatchObject({ errors: [{ code: 1009 }] });
      expect((await send('sticker')).json).toMatchObject({ errors: [{ code: 1009 }] });
      await bench.advance(1000);
      expect((await bench.phone()).slice(1)).toMatchObject([{ mediaId: id }, { mediaId: id }]);
    });
  });

  it.each([
    ['an image of more than 5 MB', 'image/png', 5 * 1024 * 1024 + 1, 400, 1009],
    ['a video of more than 16 MB', 'video/mp4', 16 * 1024 * 1024 + 1, 400, 1009],
    ['a sticker of more than 100 KB', 'image/webp', 100 * 1024 + 1, 400, 1009],
    ['a form', 'multipart/form-data; boundary=x', 10, 400, 1009],
    ['nothing', 'image/png', 0, 400, 1008],
  ])('is refused: %s', async (_, type, size, expected, code) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const { status, json } = await upload(bench, Buffer.alloc(size), { 'content-type': type });

      expect(status).toBe(expected);
      expect(json).toMatchObject({ errors: [{ code }] });
    });
  });

  it('is accepted at the limit', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();

      expect((await upload(bench, Buffer.alloc(5 * 1024 * 1024))).status).toBe(201);
    });
  });

  it('cannot be written when the volume is full, inbound neither', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', '/devices/first', { mediaVolumeFull: true });
      await bench.write({ type: 'image' });

      expect(await upload(bench, 'x')).toMatchObject({ status: 500, json: { errors: [{ code: 1014 }] } });
      expect(bench.receiver.messages).toMatchObject([{ image: { status: 'undownloaded' } }]);
      expect(bench.receiver.received[0]?.body).toMatchObject({
        errors: [{ code: 400, title: 'Media download error' }],
      });
    });
  });

  it('from a contact can be downloaded by the id in the webhook', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.write({ type: 'document', data: Buffer.from('a text').toString('base64'), mimeType: 'text/plain' });
      const id = textAt(bench.receiver.messages, '0.document.id');

      expect((await bench.device.call('GET', `/v1/media/${id}`)).text).toBe('a text');
    });
  });

  it('that is not downloaded by itself has no id', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const settings = { media: { auto_download: ['image'] } };
      await bench.device.call('PATCH', '/v1/settings/application', settings);
      await bench.write({ type: 'video' });
      await bench.write({ type: 'image' });

      expect(bench.receiver.messages).toMatchObject([
        { video: { status: 'undownloaded', mime_type: 'video/mp4' } },
        { image: { id: expect.any(String) } },
      ]);
      expect(bench.receiver.messages[0]?.['video']).not.toHaveProperty('id');
    });
  });
});
