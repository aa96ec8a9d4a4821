import twilio from 'twilio';
import { describe, expect, it } from 'vitest';
import { readReply } from '../../lambdas/callbacks/twiml.ts';

const xml = (body: string) => readReply('text/xml', body);

describe('the answer to an inbound message', () => {
  it('is read as the twilio package writes it', () => {
    const response = new twilio.twiml.MessagingResponse();
    response.message({ statusCallback: '/status' }, 'Hello & <welcome> 👋');
    const withMedia = response.message({ to: 'whatsapp:+15550002222', from: 'whatsapp:+15550001111' }, '');
    withMedia.body('Look');
    withMedia.media('https://example.com/1.jpg?a=1&b=2');
    expect(xml(response.toString())).toEqual({
      messages: [
        { body: 'Hello & <welcome> 👋', mediaUrls: [], statusCallback: '/status' },
        {
          body: 'Look',
          mediaUrls: ['https://example.com/1.jpg?a=1&b=2'],
          to: 'whatsapp:+15550002222',
          from: 'whatsapp:+15550001111',
        },
      ],
    });
  });

  it.each([
    ['an empty answer', undefined, ''],
    ['an empty Response', 'text/xml', '<Response/>'],
    ['white space', 'application/json', ' \n'],
    ['verbs that are no messages', 'application/xml; charset=utf-8', '<Response><Redirect>/next</Redirect></Response>'],
  ])('sends nothing for %s', (_, type, body) => {
    expect(readReply(type, body)).toEqual({ messages: [] });
  });

  it('is one message when it is plain text', () => {
    expect(readReply('text/plain; charset=utf-8', 'Thanks <3')).toEqual({
      messages: [{ body: 'Thanks <3', mediaUrls: [] }],
    });
  });

  it.each([
    ['JSON', 'application/json', '{}', 12300],
    ['broken XML', 'text/xml', '<Response><Message>Hi</Response>', 12100],
    ['XML without a Response', 'text/xml', '<Message>Hi</Message>', 12100],
    ['a document type', 'text/xml', '<!DOCTYPE r [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>', 12100],
    ['more than 64 kB', 'text/xml', `<Response><Message>${'x'.repeat(65_536)}</Message></Response>`, 11750],
    ['eleven messages', 'text/xml', `<Response>${'<Message>Hi</Message>'.repeat(11)}</Response>`, 14109],
  ])('is a problem with Twilio’s code when it is %s', (_, type, body, code) => {
    expect(readReply(type, body)).toMatchObject({ problem: { code } });
  });
});
