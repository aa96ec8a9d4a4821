import { describe, expect, it } from 'vitest';
import { onBench } from './bench.ts';

const APPLICATION = '/v1/settings/application';

describe('application settings', () => {
  it('have defaults, are merged by PATCH and reset by DELETE', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const shown = async () => (await bench.device.call('GET', APPLICATION)).json['settings'];
      const initial = await shown();
      expect(initial).toMatchObject({
        application: {
          wa_id: '15550001111',
          callback_backoff_delay_ms: 3000,
          max_callback_backoff_delay_ms: 900_000,
          sent_status: false,
          webhooks: { max_concurrent_requests: 6 },
        },
      });

      await bench.device.call('PATCH', APPLICATION, { webhooks: { url: 'https://example.com/hook' } });
      await bench.device.call('PATCH', APPLICATION, { webhooks: { message: { read: false } }, sent_status: true });
      await bench.device.call('PATCH', APPLICATION, { webhooks: { message: { sent: true } } });
      expect(await shown()).toMatchObject({
        application: {
          sent_status: true,
          webhooks: {
            url: 'https://example.com/hook',
            max_concurrent_requests: 6,
            message: { read: false, sent: true },
          },
        },
      });

      expect((await bench.device.call('DELETE', APPLICATION)).status).toBe(200);
      expect(await shown()).toEqual(initial);
    });
  });

  it.each([
    ['an unknown key', { colour: 'blue' }, 1010],
    ['a URL that is none', { webhooks: { url: 'example.com' } }, 1009],
    ['a URL of another scheme', { webhooks: { url: 'ftp://example.com' } }, 1009],
    ['7 requests at once', { webhooks: { max_concurrent_requests: 7 } }, 1009],
    ['an unknown media kind', { media: { auto_download: ['pigeon'] } }, 1009],
    ['a delay that is no number', { callback_backoff_delay_ms: 'soon' }, 1009],
    ['a switch that is no switch', { sent_status: 'yes' }, 1009],
    ['an array', [], 1009],
  ])('refuse %s and stay as they were', async (_, change, code) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const before = (await bench.device.call('GET', APPLICATION)).text;
      const { status, json } = await bench.device.call('PATCH', APPLICATION, change);

      expect(status).toBe(400);
      expect(json).toMatchObject({ errors: [{ code }] });
      expect((await bench.device.call('GET', APPLICATION)).text).toBe(before);
    });
  });

  it('refuse http webhooks when told to be as strict as the real container', async () => {
    await onBench({ plainWebhooks: false }, async (bench) => {
      await bench.device.enter();
      const change = { webhooks: { url: 'http://example.com/hook' } };

      expect((await bench.device.call('PATCH', APPLICATION, change)).status).toBe(400);
    });
  });

  it('list media providers, replace them by name and delete them', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const path = `${APPLICATION}/media/providers`;
      const provider = (bearer: string) => [{ name: 'store', type: 'www', config: { bearer } }];
      await bench.device.call('POST', path, provider('one'));
      await bench.device.call('POST', path, provider('two'));

      expect((await bench.device.call('GET', path)).json).toMatchObject({
        settings: { application: { media: { providers: provider('two') } } },
      });
      expect((await bench.device.call('DELETE', `${path}/store`)).status).toBe(200);
      expect((await bench.device.call('DELETE', `${path}/store`)).status).toBe(404);
    });
  });
});

describe('the profile', () => {
  it('shows the about text and the business that were set', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const business = {
        address: 'Main St 1',
        email: 'a@example.com',
        vertical: 'Retail',
        websites: ['https://example.com'],
      };
      await bench.device.call('PATCH', '/v1/settings/profile/about', { text: 'We bake' });
      await bench.device.call('POST', '/v1/settings/business/profile', business);

      expect((await bench.device.call('GET', '/v1/settings/profile/about')).json).toMatchObject({
        settings: { profile: { about: { text: 'We bake' } } },
      });
      expect((await bench.device.call('GET', '/v1/settings/business/profile')).json).toMatchObject({
        settings: { business: { profile: business } },
      });
    });
  });

  it.each([
    ['an about text of 140 characters', 'PATCH', '/v1/settings/profile/about', { text: 'x'.repeat(140) }],
    ['three websites', 'POST', '/v1/settings/business/profile', { websites: ['a', 'b', 'c'] }],
    ['a photo that is none', 'POST', '/v1/settings/profile/photo', 'text'],
  ])('refuses %s', async (_, method, path, body) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();

      expect((await bench.device.call(method, path, body)).status).toBe(400);
    });
  });

  it('keeps a photo until it is deleted', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const path = '/v1/settings/profile/photo';
      const upload = await bench.device.call('POST', path, 'pixels', { 'content-type': 'image/png' });

      expect(upload.status).toBe(201);
      expect((await bench.device.call('GET', path)).text).toBe('pixels');
      expect((await bench.device.call('GET', `${path}?format=link`)).json).toMatchObject({
        settings: { profile: { photo: { link: expect.stringMatching(/^https:/) } } },
      });
      await bench.device.call('DELETE', path);
      expect((await bench.device.call('GET', path)).status).toBe(404);
    });
  });
});

describe('certificates', () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
  const key = '-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n';

  it('are kept, shown without the private key, and deleted', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const authority = '/v1/certificates/webhooks/ca';
      expect(await bench.device.call('GET', authority)).toMatchObject({ status: 404, text: '' });
      expect((await bench.device.call('POST', authority, 'not PEM')).status).toBe(400);
      expect((await bench.device.call('POST', authority, certificate)).status).toBe(200);
      expect((await bench.device.call('GET', authority)).text).toBe(certificate);
      expect((await bench.device.call('DELETE', authority)).status).toBe(200);
      expect((await bench.device.call('GET', authority)).status).toBe(404);

      expect((await bench.device.call('POST', '/v1/certificates/external', certificate)).status).toBe(400);
      expect((await bench.device.call('POST', '/v1/certificates/external', key + certificate)).status).toBe(200);
      const shown = (await bench.device.call('GET', '/v1/certificates/external/ca')).text;
      expect(shown).toContain('CERTIFICATE');
      expect(shown).not.toContain('PRIVATE');
    });
  });
});
