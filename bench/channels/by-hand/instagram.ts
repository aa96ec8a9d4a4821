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
    is_deleted?: boolean;
    reply_to?: { mid: string };
    attachments?: { type: string; payload: { url: string } }[];
  };
  read?: { mid: string };
}

interface Webhook {
  object: string;
  entry?: { time: number; messaging?: Item[] }[];
}

export const instagram: ByHand = {
  render(message, sender) {
    const contents: object[] = (message.media ?? []).map(({ url, contentType = '' }) => ({
      attachment: { type: /^(image|audio|video)\//.exec(contentType)?.[1] ?? 'file', payload: { url } },
    }));
    if (message.body !== undefined) for (const text of cut(message.body, 1000, 'bytes')) contents.push({ text });
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
    if (object !== 'instagram') return { kind: 'malformed', reason: 'the webhook is not about Instagram' };
    const events: ChannelEvent[] = [];
    for (const { time, messaging = [] } of entry) {
      for (const item of messaging) {
        const { message, read } = item;
        const timestamp = new Date(item.timestamp ?? time).toISOString();
        if (message && !message.is_echo && !message.is_deleted) events.push(messageEvent(item, message, timestamp));
        if (!read) continue;
        const [from, to] = [item.recipient.id, item.sender.id];
        const status = { id: read.mid, from, to, timestamp, status: 'read' as const, foreign: true };
        events.push({ type: 'status', channel: 'instagram', ...status });
      }
    }
    return eventsOf(events);
  },
};

function messageEvent(item: Item, message: NonNullable<Item['message']>, timestamp: string): ChannelEvent {
  const { mid, text, reply_to, attachments } = message;
  return {
    type: 'message',
    channel: 'instagram',
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

function post(
  { to, tag, replyTo }: OutboundMessage,
  index: number,
  content: object,
  { fields, secrets }: SenderContext,
) {
  const { url = 'https://graph.facebook.com', version = 'v25.0' } = fields;
  const token = required(secrets, 'token');
  const proof = createHmac('sha256', required(secrets, 'appSecret')).update(token).digest('hex');
  return {
    method: 'POST' as const,
    url: `${url}/${version}/${required(fields, 'pageId')}/messages?appsecret_proof=${proof}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      recipient: { id: to },
      ...(tag !== undefined && { messaging_type: 'MESSAGE_TAG', tag }),
      ...(index === 0 && replyTo !== undefined && { reply_to: { mid: replyTo } }),
      message: content,
    }),
  };
}
