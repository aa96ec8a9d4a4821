import { createHmac } from 'node:crypto';
import type { ChannelEvent, OutboundMessage, SenderContext } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Media {
  id: string;
  mime_type: string;
  caption?: string;
}

interface Webhook {
  entry?: { changes?: { field: string; value: Value }[] }[];
}

interface Value {
  metadata: { phone_number_id: string; display_phone_number: string };
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
    biz_opaque_callback_data?: string;
    errors?: { code: number; title: string }[];
  }[];
}

const STATUSES = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read', failed: 'failed' } as const;

export const whatsappCloud: ByHand = {
  render(message, sender) {
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
    return contents.map((content, index) => post(message, index, content, sender));
  },

  interpret(answer) {
    const body = JSON.parse(answer.body) as { messages?: { id: string }[]; error?: object };
    const id = body.messages?.[0]?.id;
    return answer.status < 300 && !body.error && id !== undefined ? { outcome: 'accepted', id } : failureOf(answer);
  },

  receive(webhook, sender) {
    const hash = createHmac('sha256', required(sender.secrets, 'appSecret')).update(webhook.body).digest('hex');
    if (!isSame(webhook.headers['x-hub-signature-256'], `sha256=${hash}`)) return FORGED;
    const events: ChannelEvent[] = [];
    for (const { changes = [] } of (JSON.parse(webhook.body) as Webhook).entry ?? []) {
      for (const { field, value } of changes) {
        if (field === 'messages') readChange(value, sender, events);
      }
    }
    return eventsOf(events);
  },
};

function readChange(value: Value, sender: SenderContext, events: ChannelEvent[]): void {
  const { metadata, contacts = [], messages = [], statuses = [] } = value;
  const isOurs = metadata.phone_number_id === sender.fields['phoneNumberId'];
  for (const message of messages) {
    const media = message.image ?? message.video ?? message.audio ?? message.document;
    const text = message.text?.body ?? media?.caption;
    const profileName = contacts.find(({ wa_id }) => wa_id === message.from)?.profile.name;
    events.push({
      type: 'message',
      channel: 'whatsapp-cloud',
      id: message.id,
      from: message.from,
      to: isOurs ? sender.address : metadata.display_phone_number,
      timestamp: new Date(Number(message.timestamp) * 1000).toISOString(),
      kind: message.type,
      ...(profileName !== undefined && { profileName }),
      ...(text !== undefined && { text }),
      ...(media && { media: [{ id: media.id, contentType: media.mime_type }] }),
      ...(message.context?.id !== undefined && { replyTo: message.context.id }),
      raw: message,
    });
  }
  for (const { id, recipient_id: to, timestamp, status, biz_opaque_callback_data: sid, errors } of statuses) {
    if (sid === undefined || !(status in STATUSES)) continue;
    const [error] = errors ?? [];
    events.push({
      type: 'status',
      channel: 'whatsapp-cloud',
      id,
      sid,
      to,
      ...(!isOurs && { from: metadata.display_phone_number }),
      timestamp: new Date(Number(timestamp) * 1000).toISOString(),
      status: STATUSES[status as keyof typeof STATUSES],
      ...(error && { error: { code: String(error.code), title: error.title, twilioCode: 63_005 } }),
    });
  }
}

function post({ sid, to, replyTo }: OutboundMessage, index: number, content: object, sender: SenderContext) {
  const { url = 'https://graph.facebook.com', version = 'v25.0' } = sender.fields;
  const token = required(sender.secrets, 'token');
  const proof = createHmac('sha256', required(sender.secrets, 'appSecret')).update(token).digest('hex');
  return {
    method: 'POST' as const,
    url: `${url}/${version}/${required(sender.fields, 'phoneNumberId')}/messages?appsecret_proof=${proof}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: `+${to}`,
      ...(index === 0 && replyTo !== undefined && { context: { message_id: replyTo } }),
      biz_opaque_callback_data: sid,
      ...content,
    }),
  };
}
