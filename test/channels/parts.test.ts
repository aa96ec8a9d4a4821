import { describe, expect, it } from 'vitest';
import { partsOf } from '../../lambdas/channels/parts.ts';
import { type OutboundMessage, UnsupportedMessageError } from '../../lambdas/channels/types.ts';

const MESSAGE: OutboundMessage = { sid: 'SM1', accountSid: 'AC1', channel: 'x', from: 'a', to: 'b' };
const CAPTIONS: Record<string, number | undefined> = { media: 10, actions: 6 };

/**
 * What is sent, in order: kind, text, file name. Images and buttons carry text up to a limit; audio carries none. Where the
 * buttons' case takes an image, it takes as much text.
 */
async function plan(
  content: Partial<OutboundMessage>,
  lacking: string[] = [],
  withButtons?: string,
): Promise<string[]> {
  const parts = await partsOf(
    { ...MESSAGE, ...content },
    'x',
    { max: 8, unit: 'characters' },
    async (kind, { media }) => {
      if (lacking.includes(kind)) return undefined;
      if (kind === 'actions' && withButtons !== undefined && media?.contentType === withButtons) {
        return { kind, maxText: CAPTIONS['actions'], contentTypes: [withButtons] };
      }
      return { kind, maxText: media?.contentType === 'audio/mpeg' ? undefined : CAPTIONS[kind] };
    },
  );
  return parts.map((part) => [part.case.kind, part.media?.filename, part.text].filter(Boolean).join(':'));
}

const image = { url: 'https://m.example/i.png' };
const audio = { url: 'https://m.example/a.mp3' };
const actions = [{ type: 'reply', title: 'Yes' }];
const location = { latitude: 1, longitude: 2 };
const template = { name: 't', language: 'en', parameters: [] };

describe('a message is sent as', () => {
  it.each([
    ['one text', { body: 'short' }, ['text:short']],
    ['several texts when it is long', { body: 'this is longer' }, ['text:this is ', 'text:longer']],
    ['an image with its text', { body: 'caption', media: [image] }, ['media:i.png:caption']],
    [
      'an image and then its text, when that is too long to go with it',
      { body: 'twelve chars', media: [image] },
      ['media:i.png', 'text:twelve ', 'text:chars'],
    ],
    ['audio and then its text', { body: 'hear', media: [audio] }, ['media:a.mp3', 'text:hear']],
    [
      'audio and an image that has the text',
      { body: 'both', media: [audio, image, image] },
      ['media:a.mp3', 'media:i.png:both', 'media:i.png'],
    ],
    [
      'buttons with the end of the text',
      { body: 'are you there', actions },
      ['text:are ', 'text:you ', 'actions:there'],
    ],
    [
      'an image, then buttons with the text',
      { body: 'is it not so', media: [image], actions },
      ['media:i.png', 'text:is it ', 'actions:not so'],
    ],
    [
      'an image without the text, which the buttons need',
      { body: 'ok?', media: [image], actions },
      ['media:i.png', 'actions:ok?'],
    ],
    ['a place and then the text', { body: 'here', location }, ['location', 'text:here']],
    ['a template alone, whatever else it has', { body: 'as rendered', template, media: [image] }, ['template']],
    ['media alone when its text is empty', { body: '', media: [image] }, ['media:i.png']],
  ] satisfies [string, Partial<OutboundMessage>, string[]][])('%s', async (_label, content, expected) => {
    expect(await plan(content)).toEqual(expected);
  });

  it.each([
    ['an image and the text with its buttons', { body: 'ok?', media: [image] }, ['actions:i.png:ok?']],
    ['an image with its buttons', { media: [image] }, ['actions:i.png']],
    [
      'the other media, then the last with the text and its buttons',
      { body: 'ok?', media: [image, audio, image] },
      ['media:i.png', 'media:a.mp3', 'actions:i.png:ok?'],
    ],
    ['a place, then all else', { body: 'ok?', media: [image], location }, ['location', 'actions:i.png:ok?']],
    [
      'an image, then the text with its buttons, when the last is something else',
      { body: 'ok?', media: [image, audio] },
      ['media:i.png', 'media:a.mp3', 'actions:ok?'],
    ],
    [
      'an image, then a long text whose end is with its buttons',
      { body: 'is it not so', media: [image] },
      ['media:i.png', 'text:is it ', 'actions:not so'],
    ],
    ['the text with its buttons, without media', { body: 'ok?' }, ['actions:ok?']],
  ] satisfies [string, Partial<OutboundMessage>, string[]][])(
    '%s, where buttons take an image',
    async (_label, content, expected) => {
      expect(await plan({ ...content, actions }, [], 'image/png')).toEqual(expected);
    },
  );

  it.each([
    ['text', { body: 'secret' }, 'x cannot send text'],
    [
      'media',
      { media: [{ url: 'https://secret.example/', contentType: 'image/png' }] },
      'x cannot send media of type image/png',
    ],
    ['actions', { body: 'secret', actions }, 'x cannot send these buttons with this message'],
    ['location', { location }, 'x cannot send a location'],
    ['template', { template }, 'x cannot send a template'],
  ])('nothing where the channel lacks %s, and the reason quotes nothing of it', async (kind, content, reason) => {
    const planning = plan(content, [kind]);
    await expect(planning).rejects.toThrow(UnsupportedMessageError);
    await expect(planning).rejects.toThrow(reason);
    await expect(planning).rejects.not.toThrow('secret');
  });
});
