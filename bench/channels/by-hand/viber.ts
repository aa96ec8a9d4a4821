import { createHmac } from 'node:crypto';
import type { ChannelEvent } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Webhook {
  event: string;
  timestamp: number;
  message_token: string | number;
  user_id?: string;
  desc?: string;
  sender?: { id: string; name: string };
  message?: { type: string; text?: string; media?: string; file_name?: string };
}

const STATUSES = { delivered: 'delivered', seen: 'read', failed: 'failed' } as const;
const PICTURES = new Set(['image/jpeg', 'image/png', 'image/gif']);

export const viber: ByHand = {
  // A picture and a text only: for videos and files Viber wants the size, which takes a request of its own.
  render(message, sender) {
    let text = message.body;
    const contents: object[] = [];
    for (const { url: media, contentType = '' } of message.media ?? []) {
      if (!PICTURES.has(contentType)) throw new Error(`the size of ${media} must be asked for`);
      const caption = text !== undefined && text.length <= 512 ? text : '';
      if (caption !== '') text = undefined;
      contents.push({ type: 'picture', text: caption, media });
    }
    if (text !== undefined) for (const piece of cut(text, 7000)) contents.push({ type: 'text', text: piece });
    return contents.map((content) => ({
      method: 'POST',
      url: `${sender.fields['url'] ?? 'https://chatapi.viber.com'}/pa/send_message`,
      headers: { 'Content-Type': 'application/json', 'X-Viber-Auth-Token': required(sender.secrets, 'token') },
      body: JSON.stringify({
        receiver: message.to,
        min_api_version: 1,
        sender: { name: required(sender.fields, 'name'), avatar: sender.fields['avatar'] },
        ...content,
      }),
    }));
  },

  interpret(answer) {
    const { status, message_token } = parse(answer.body) as { status?: number; message_token?: string | number };
    return answer.status < 300 && status === 0 && message_token !== undefined
      ? { outcome: 'accepted', id: String(message_token) }
      : failureOf(answer);
  },

  receive(webhook, sender) {
    const hash = createHmac('sha256', required(sender.secrets, 'token')).update(webhook.body).digest('hex');
    if (!isSame(webhook.headers['x-viber-content-signature'], hash)) return FORGED;
    const payload = parse(webhook.body) as Webhook;
    const { event, message, sender: contact } = payload;
    const id = String(payload.message_token);
    const timestamp = new Date(payload.timestamp).toISOString();
    const events: ChannelEvent[] = [];
    if (event === 'message' && message && contact) {
      const { text, media, file_name: filename } = message;
      events.push({
        type: 'message',
        channel: 'viber',
        id,
        from: contact.id,
        to: sender.address,
        timestamp,
        kind: message.type,
        profileName: contact.name,
        ...(text !== undefined && { text }),
        ...(media !== undefined && { media: [{ url: media, ...(filename !== undefined && { filename }) }] }),
        raw: payload,
      });
    } else if (event in STATUSES) {
      events.push({
        type: 'status',
        channel: 'viber',
        id,
        ...(payload.user_id !== undefined && { to: payload.user_id }),
        timestamp,
        status: STATUSES[event as keyof typeof STATUSES],
        foreign: true,
        ...(event === 'failed' && { error: { code: event, title: payload.desc, twilioCode: 63_005 } }),
      });
    }
    return eventsOf(events);
  },
};

/** Viber's message tokens are numbers beyond 2^53; such numbers stay texts. */
function parse(text: string): unknown {
  const keepExact = (_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? context.source : value;
  return JSON.parse(text, keepExact as Parameters<typeof JSON.parse>[1]);
}
