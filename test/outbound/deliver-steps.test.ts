import { describe, expect, it } from 'vitest';
import { MissingValueError } from '../../lambdas/channels/http/request.ts';
import { type Step, UnsupportedMessageError } from '../../lambdas/channels/types.ts';
import { accepted, startDelivery } from './support.ts';

const delivery = startDelivery();

describe('a channel with steps', () => {
  const stepping = (read: Step['read']) =>
    delivery.channel({
      plan: async () => [
        {
          steps: [
            {
              name: 'file',
              kind: 'request',
              request: () => ({ method: 'POST', url: `${delivery.provider.url}/upload`, headers: {}, body: '' }),
              read,
              placeholder: {},
            },
          ],
          request: (values) => ({
            method: 'POST',
            url: `${delivery.provider.url}/send`,
            headers: {},
            body: String(values['file']),
          }),
        },
      ],
    });

  it('makes them first, and sends what they gave', async () => {
    delivery.provider.script({}, accepted());
    const message = await delivery.queue();

    await delivery.deliver(
      message,
      stepping(async () => ({ outcome: 'done', value: 'file-1' })),
    );

    expect(delivery.provider.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/upload', ''],
      ['/send', 'file-1'],
    ]);
    expect((await delivery.stored(message)).status).toBe('sent');
  });

  it('sends nothing when one of them fails, and tries again where that may help', async () => {
    const failure = (errorClass: 'retry' | 'permanent') =>
      stepping(async () => ({ outcome: 'failed', class: errorClass, twilioCode: 63019, scope: 'contact' }));
    const [again, never] = [await delivery.queue(), await delivery.queue()];

    expect(await delivery.deliver(again, failure('retry'))).toMatchObject({ done: false });
    expect(await delivery.deliver(never, failure('permanent'))).toEqual({ done: true });

    expect((await delivery.stored(again)).status).toBe('queued');
    expect(await delivery.stored(never)).toMatchObject({ status: 'failed', errorCode: 63019 });
    expect(delivery.provider.requests.every(({ path }) => path === '/upload')).toBe(true);
  });

  it('is in doubt only about the message itself: an upload without an answer is made again', async () => {
    delivery.provider.script('hang up');
    const message = await delivery.queue();

    const channel = { ...stepping(async () => ({ outcome: 'done', value: '' })), inDoubt: { wait: 0, resend: false } };
    expect(await delivery.deliver(message, channel)).toMatchObject({ done: false });

    expect((await delivery.stored(message)).status).toBe('queued');
  });

  it.each([
    ['the channel cannot send', new UnsupportedMessageError('no'), 63006],
    ['the sender is not complete for', new MissingValueError('no key'), 63008],
  ])('fails a message that %s, found when its request is made', async (_label, error, errorCode) => {
    const message = await delivery.queue();
    const failing = () => {
      throw error;
    };

    await delivery.deliver(message, delivery.channel({ plan: async () => [{ steps: [], request: failing }] }));

    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode });
  });
});
