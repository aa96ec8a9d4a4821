import { createHash, createHmac } from 'node:crypto';
import type { ChannelEvent, OutboundMessage, SenderContext, Session } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Webhook {
  message: { data: string; publishTime: string };
}

interface Payload {
  senderPhoneNumber?: string;
  phoneNumber?: string;
  messageId: string;
  eventType?: string;
  sendTime?: string;
  text?: string;
  userFile?: { payload: { fileUri: string; mimeType: string; fileName: string } };
}

const STATUSES = { DELIVERED: 'delivered', READ: 'read', TTL_EXPIRATION_REVOKED: 'undelivered' } as const;

export const rcs: ByHand = {
  render(message, sender, session) {
    let text = message.body;
    const contents: object[] = [];
    for (const { url: fileUrl, contentType = '' } of message.media ?? []) {
      if (text !== undefined && text.length <= 2000 && /^(image|video)\//.test(contentType)) {
        const cardContent = { description: text, media: { height: 'MEDIUM', contentInfo: { fileUrl } } };
        contents.push({ richCard: { standaloneCard: { cardOrientation: 'VERTICAL', cardContent } } });
        text = undefined;
      } else {
        contents.push({ contentInfo: { fileUrl } });
      }
    }
    if (text !== undefined) for (const piece of cut(text, 3072, 'utf16')) contents.push({ text: piece });
    return contents.map((content, index) => post(message, index, content, sender, session));
  },

  interpret(answer, { message, part }) {
    if (answer.status === 409) return { outcome: 'accepted', id: messageId(message.sid, part.index) };
    const { name, error } = JSON.parse(answer.body) as { name?: string; error?: object };
    const id = name?.split('/agentMessages/')[1];
    return answer.status < 300 && !error && id !== undefined ? { outcome: 'accepted', id } : failureOf(answer);
  },

  receive(webhook, sender) {
    const { data, publishTime } = (JSON.parse(webhook.body) as Webhook).message;
    const bytes = Buffer.from(data, 'base64');
    const hash = createHmac('sha512', required(sender.secrets, 'clientToken')).update(bytes).digest('base64');
    if (!isSame(webhook.headers['x-goog-signature'], hash)) return FORGED;
    const payload = JSON.parse(bytes.toString('utf8')) as Payload;
    const { eventType, text, userFile, senderPhoneNumber, phoneNumber } = payload;
    const contact = (senderPhoneNumber ?? phoneNumber ?? '').replace('+', '');
    const timestamp = new Date(payload.sendTime ?? publishTime).toISOString();
    const events: ChannelEvent[] = [];
    if (eventType !== undefined && eventType in STATUSES) {
      events.push({
        type: 'status',
        channel: 'rcs',
        id: payload.messageId,
        to: contact,
        timestamp,
        status: STATUSES[eventType as keyof typeof STATUSES],
        ...(eventType === 'TTL_EXPIRATION_REVOKED' && { error: { code: eventType, twilioCode: 30_036 } }),
      });
    } else if (text !== undefined || userFile !== undefined) {
      const file = userFile?.payload;
      events.push({
        type: 'message',
        channel: 'rcs',
        id: payload.messageId,
        from: contact,
        to: sender.address,
        timestamp,
        kind: file ? 'userFile' : 'text',
        ...(text !== undefined && { text }),
        ...(file && { media: [{ url: file.fileUri, contentType: file.mimeType, filename: file.fileName }] }),
        raw: payload,
      });
    }
    return eventsOf(events);
  },
};

function post(
  { sid, to, validUntil }: OutboundMessage,
  index: number,
  contentMessage: object,
  { address, fields }: SenderContext,
  session: Session | undefined,
) {
  const { url = 'https://rcsbusinessmessaging.googleapis.com', trafficType = 'TRANSACTION' } = fields;
  const query = `messageId=${messageId(sid, index)}&agentId=${encodeURIComponent(address)}`;
  return {
    method: 'POST' as const,
    url: `${url}/v1/phones/+${encodeURIComponent(to)}/agentMessages?${query}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${session?.token}` },
    body: JSON.stringify({ messageTrafficType: trafficType, expireTime: validUntil, contentMessage }),
  };
}

/** The same UUID each time a part is tried: Google ignores a second one. */
function messageId(sid: string, index: number): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([sid, index]))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
