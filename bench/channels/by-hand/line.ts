import { createHash, createHmac } from 'node:crypto';
import type { ChannelEvent, OutboundMessage, SenderContext, Session } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Item {
  type: string;
  mode?: string;
  timestamp: number;
  source?: { userId?: string; groupId?: string; roomId?: string };
  message?: { id: string; type: string; text?: string; quotedMessageId?: string; fileName?: string };
  delivery?: { data: string };
}

const FILES = new Set(['image', 'video', 'audio', 'file']);

export const line: ByHand = {
  render(message, sender, session) {
    const contents: object[] = [];
    for (const { url, contentType = '' } of message.media ?? []) {
      const previewImageUrl = sender.fields['videoPreviewUrl'];
      if (contentType === 'image/jpeg' || contentType === 'image/png') {
        contents.push({ type: 'image', originalContentUrl: url, previewImageUrl: url });
      } else if (contentType === 'video/mp4' && previewImageUrl !== undefined) {
        contents.push({ type: 'video', originalContentUrl: url, previewImageUrl });
      } else if (contentType === 'audio/mpeg' || contentType === 'audio/mp4') {
        contents.push({ type: 'audio', originalContentUrl: url, duration: 60_000 });
      } else {
        contents.push({ type: 'text', text: url });
      }
    }
    if (message.body !== undefined) {
      for (const text of cut(message.body, 5000, 'utf16')) contents.push({ type: 'text', text });
    }
    return contents.map((content, index) => push(message, index, content, sender, session));
  },

  interpret(answer) {
    const { sentMessages } = JSON.parse(answer.body) as { sentMessages?: { id: string }[] };
    const id = sentMessages?.[0]?.id;
    return (answer.status < 300 || answer.status === 409) && id !== undefined
      ? { outcome: 'accepted', id }
      : failureOf(answer);
  },

  receive(webhook, sender) {
    const secret = required(sender.secrets, 'channelSecret');
    const hash = createHmac('sha256', secret).update(webhook.body).digest('base64');
    if (!isSame(webhook.headers['x-line-signature'], hash)) return FORGED;
    const events: ChannelEvent[] = [];
    for (const item of (JSON.parse(webhook.body) as { events: Item[] }).events) {
      const timestamp = new Date(item.timestamp).toISOString();
      if (item.type === 'message' && item.message && item.mode !== 'standby') {
        const { id, type: kind, text, quotedMessageId, fileName } = item.message;
        events.push({
          type: 'message',
          channel: 'line',
          id,
          from: item.source?.groupId ?? item.source?.roomId ?? item.source?.userId ?? '',
          to: sender.address,
          timestamp,
          kind,
          ...(text !== undefined && { text }),
          ...(FILES.has(kind) && { media: [{ id, ...(fileName !== undefined && { filename: fileName }) }] }),
          ...(quotedMessageId !== undefined && { replyTo: quotedMessageId }),
          raw: item,
        });
      } else if (item.type === 'delivery' && item.delivery && /^[SM]M[0-9a-f]{32}$/.test(item.delivery.data)) {
        events.push({ type: 'status', channel: 'line', sid: item.delivery.data, timestamp, status: 'delivered' });
      }
    }
    return eventsOf(events);
  },
};

function push(
  { sid, to }: OutboundMessage,
  index: number,
  content: object,
  { fields }: SenderContext,
  session: Session | undefined,
) {
  return {
    method: 'POST' as const,
    url: `${fields['url'] ?? 'https://api.line.me'}/v2/bot/message/push`,
    headers: {
      'X-Line-Retry-Key': retryKey(sid, index),
      'Content-Type': 'application/json',
      Authorization: `Bearer ${session?.token}`,
    },
    body: JSON.stringify({ to, messages: [content] }),
  };
}

/** The same UUID each time a part is tried: by it LINE knows a repetition. */
function retryKey(sid: string, index: number): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([sid, index]))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
