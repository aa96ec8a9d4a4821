import { createHmac } from 'node:crypto';
import type { ChannelEvent, OutboundMessage, SenderContext } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Item {
  sender: { id: string };
  recipient: { id: string };
  timestamp?: number;
  message?: {
    mid: string;
    text?: string;
    is_echo?: boolean;
    reply_to?: { mid: string };
    attachments?: { type: string; payload: { url: string } }[];
  };
  delivery?: { watermark: number };
  read?: { watermark: number };
}

interface Webhook {
  object: string;
  entry?: { time: number; messaging?: Item[] }[];
}

export const messenger: ByHand = {
  render(message, sender) {
    const contents: object[] = (message.media ?? []).map(({ url, contentType = '' }) => ({
      attachment: { type: /^(image|audio|video)\//.exec(contentType)?.[1] ?? 'file', payload: { url } },
    }));
    if (message.body !== undefined) for (const text of cut(message.body, 2000)) contents.push({ text });
    return contents.map((content, index) => post(message, index, content, sender));
  },

  interpret(answer) {
    const { message_id: id, error } = JSON.parse(answer.body) as { message_id?: string; error?: object };
    return answer.status < 300 && !error && id !== undefined ? { outcome: 'accepted', id } : failureOf(answer);
  },

  receive(webhook, sender) {
    const hash = createHmac('sha256', required(sender.secrets, 'appSecret')).update(webhook.body).digest('hex');
    if (!isSame(webhook.headers['x-hub-signature-256'], `sha256=${hash}`)) return FORGED;
    const { object, entry = [] } = JSON.parse(webhook.body) as Webhook;
    if (object !== 'page') return { kind: 'malformed', reason: 'the webhook is not about a page' };
    const events: ChannelEvent[] = [];
    for (const { time, messaging = [] } of entry) {
      for (const item of messaging) {
        const timestamp = new Date(item.timestamp ?? time).toISOString();
        if (item.message && !item.message.is_echo) events.push(messageEvent(item, item.message, timestamp));
        const watermark = item.delivery?.watermark ?? item.read?.watermark;
        if (watermark === undefined) continue;
        events.push({
          type: 'status',
          channel: 'messenger',
          from: item.recipient.id,
          to: item.sender.id,
          before: new Date(watermark).toISOString(),
          timestamp,
          status: item.delivery ? 'delivered' : 'read',
        });
      }
    }
    return eventsOf(events);
  },
};

function messageEvent(item: Item, message: NonNullable<Item['message']>, timestamp: string): ChannelEvent {
  const { mid, text, reply_to, attachments } = message;
  return {
    type: 'message',
    channel: 'messenger',
    id: mid,
    from: item.sender.id,
    to: item.recipient.id,
    timestamp,
    kind: attachments?.[0]?.type ?? 'text',
    ...(text !== undefined && { text }),
    ...(attachments && { media: attachments.map(({ payload: { url } }) => ({ url })) }),
    ...(reply_to && { replyTo: reply_to.mid }),
    raw: item,
  };
}

function post({ to, tag, replyTo }: OutboundMessage, index: number, content: object, sender: SenderContext) {
  const { url = 'https://graph.facebook.com', version = 'v25.0' } = sender.fields;
  const token = required(sender.secrets, 'token');
  const proof = createHmac('sha256', required(sender.secrets, 'appSecret')).update(token).digest('hex');
  return {
    method: 'POST' as const,
    url: `${url}/${version}/${sender.address}/messages?appsecret_proof=${proof}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      recipient: { id: to },
      messaging_type: tag === undefined ? 'RESPONSE' : 'MESSAGE_TAG',
      tag,
      ...(index === 0 && replyTo !== undefined && { reply_to: { mid: replyTo } }),
      message: content,
    }),
  };
}
