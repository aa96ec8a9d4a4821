import type { ChannelEvent, OutboundMessage, SenderContext, Session } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, failureOf, required } from './adapter.ts';

interface Media {
  id: string;
  mime_type: string;
  caption?: string;
  filename?: string;
}

interface Webhook {
  contacts?: { wa_id: string; profile: { name: string } }[];
  messages?: ({ id: string; from: string; timestamp: string; type: string; context?: { id?: string } } & {
    text?: { body: string };
    image?: Media;
    video?: Media;
    audio?: Media;
    document?: Media;
  })[];
  statuses?: {
    id: string;
    recipient_id: string;
    timestamp: string;
    status: string;
    errors?: { code: number; title: string }[];
  }[];
}

const STATUSES = { sent: 'sent', delivered: 'delivered', read: 'read', failed: 'failed' } as const;

export const whatsapp: ByHand = {
  render(message, sender, session) {
    let caption = message.body;
    const contents: object[] = [];
    for (const { url: link, contentType = '' } of message.media ?? []) {
      const carried = caption !== undefined && caption.length <= 1024 ? { caption } : {};
      if (contentType === 'image/jpeg' || contentType === 'image/png') {
        contents.push({ type: 'image', image: { link, ...carried } });
      } else if (contentType === 'video/mp4' || contentType === 'video/3gpp') {
        contents.push({ type: 'video', video: { link, ...carried } });
      } else if (contentType.startsWith('audio/')) {
        contents.push({ type: 'audio', audio: { link } });
        continue;
      } else {
        contents.push({ type: 'document', document: { link, ...carried } });
      }
      if ('caption' in carried) caption = undefined;
    }
    if (caption !== undefined) {
      for (const body of cut(caption, 4096)) contents.push({ type: 'text', text: { body } });
    }
    return contents.map((content, index) => post(message, index, content, sender, session));
  },

  interpret(answer) {
    const body = JSON.parse(answer.body) as { messages?: { id: string }[]; errors?: unknown[] };
    const id = body.messages?.[0]?.id;
    return answer.status < 300 && !body.errors && id !== undefined ? { outcome: 'accepted', id } : failureOf(answer);
  },

  receive(webhook, sender) {
    const { contacts = [], messages = [], statuses = [] } = JSON.parse(webhook.body) as Webhook;
    const events: ChannelEvent[] = [];
    for (const message of messages) {
      const media = message.image ?? message.video ?? message.audio ?? message.document;
      const text = message.text?.body ?? media?.caption;
      const profileName = contacts.find(({ wa_id }) => wa_id === message.from)?.profile.name;
      events.push({
        type: 'message',
        channel: 'whatsapp',
        id: message.id,
        from: message.from,
        to: sender.address,
        timestamp: new Date(Number(message.timestamp) * 1000).toISOString(),
        kind: message.type,
        ...(profileName !== undefined && { profileName }),
        ...(text !== undefined && { text }),
        ...(media && { media: [{ id: media.id, contentType: media.mime_type }] }),
        ...(message.context?.id !== undefined && { replyTo: message.context.id }),
        raw: message,
      });
    }
    for (const { id, recipient_id: to, timestamp, status, errors } of statuses) {
      if (!(status in STATUSES)) continue;
      const [error] = errors ?? [];
      events.push({
        type: 'status',
        channel: 'whatsapp',
        id,
        to,
        timestamp: new Date(Number(timestamp) * 1000).toISOString(),
        status: STATUSES[status as keyof typeof STATUSES],
        ...(error && { error: { code: String(error.code), title: error.title, twilioCode: 63_005 } }),
      });
    }
    return eventsOf(events);
  },
};

function post(
  { to, replyTo }: OutboundMessage,
  index: number,
  content: object,
  { fields }: SenderContext,
  session: Session | undefined,
) {
  const context = index === 0 && replyTo !== undefined ? { context: { message_id: replyTo } } : {};
  return {
    method: 'POST' as const,
    url: `${required(fields, 'url').replace(/\/+$/, '')}/v1/messages`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${session?.token}` },
    body: JSON.stringify({ to, recipient_type: 'individual', ...context, ...content }),
  };
}
