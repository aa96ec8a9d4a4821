import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { ChannelEvent, HttpRequest, SenderContext } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, failureOf, required } from './adapter.ts';

interface Status {
  eventType: string;
  isFinal: boolean;
  messageId: string;
  messageStatus: string;
  messageStatusDescription: string;
  destinationPhoneNumber: string;
  eventTimestamp: number;
  context?: { sid?: string };
}

interface Inbound {
  inboundMessageId: string;
  originationNumber: string;
  destinationNumber: string;
  messageBody: string;
  previousPublishedMessageId?: string;
}

const SENT = new Set(['QUEUED', 'PENDING', 'SENT', 'SUCCESSFUL']);
const UNDELIVERED = new Set(['UNREACHABLE', 'CARRIER_UNREACHABLE', 'TTL_EXPIRED', 'UNKNOWN']);
const IN_S3 = /^https:\/\/([a-z0-9.-]+)\.s3[.-][a-z0-9-]+\.amazonaws\.com\/([^?#]+)/;

export const sms: ByHand = {
  render({ sid, from, to, body, media = [] }, sender, _session, now) {
    const MessageType = sender.fields['messageType'] ?? 'TRANSACTIONAL';
    let text = body;
    const contents: { operation: string; content: object }[] = [];
    for (const { url } of media) {
      const [, bucket, key] = IN_S3.exec(url) ?? [];
      if (key === undefined) {
        contents.push({ operation: 'SendTextMessage', content: { MessageBody: `${text ?? ''}\n${url}`, MessageType } });
      } else {
        const MediaUrls = [`s3://${bucket}/${decodeURIComponent(key)}`];
        contents.push({ operation: 'SendMediaMessage', content: { MessageBody: text, MediaUrls } });
      }
      text = undefined;
    }
    if (text !== undefined) {
      for (const MessageBody of cut(text, 1600, 'utf16')) {
        contents.push({ operation: 'SendTextMessage', content: { MessageBody, MessageType } });
      }
    }
    return contents.map(({ operation, content }, index) => {
      const payload = JSON.stringify({
        DestinationPhoneNumber: `+${to}`,
        OriginationIdentity: /^\d{7,}$/.test(from) ? `+${from}` : from,
        ConfigurationSetName: required(sender.fields, 'configurationSet'),
        ...(index === contents.length - 1 && { Context: { sid } }),
        ...content,
      });
      return signed(operation, payload, sender, now);
    });
  },

  interpret(answer) {
    const { MessageId: id } = JSON.parse(answer.body) as { MessageId?: string };
    return answer.status < 300 && id !== undefined ? { outcome: 'accepted', id } : failureOf(answer);
  },

  receive(webhook) {
    const body = JSON.parse(webhook.body) as { Type?: string; Message: string; Timestamp: string };
    if (body.Type !== 'Notification') return { kind: 'malformed', reason: 'the webhook is no notification' };
    const payload = JSON.parse(body.Message) as Status | Inbound;
    const events: ChannelEvent[] = [];
    if ('eventType' in payload) {
      const sid = payload.context?.sid;
      if (sid !== undefined) events.push(statusEvent(sid, payload));
    } else {
      events.push({
        type: 'message',
        channel: 'sms',
        id: payload.inboundMessageId,
        from: payload.originationNumber.replace('+', ''),
        to: payload.destinationNumber.replace('+', ''),
        timestamp: new Date(body.Timestamp).toISOString(),
        kind: 'text',
        text: payload.messageBody,
        ...(payload.previousPublishedMessageId !== undefined && { replyTo: payload.previousPublishedMessageId }),
        raw: payload,
      });
    }
    return eventsOf(events);
  },
};

function statusEvent(sid: string, payload: Status): ChannelEvent {
  const { messageStatus: code, messageStatusDescription: title } = payload;
  const isDelivered = code === 'DELIVERED' || (code === 'SUCCESSFUL' && payload.isFinal);
  const failed = UNDELIVERED.has(code) ? 'undelivered' : 'failed';
  const status = isDelivered ? 'delivered' : code === 'READ' ? 'read' : SENT.has(code) ? 'sent' : failed;
  return {
    type: 'status',
    channel: 'sms',
    sid,
    id: payload.messageId,
    to: payload.destinationPhoneNumber.replace('+', ''),
    timestamp: new Date(payload.eventTimestamp).toISOString(),
    status,
    ...(status === failed && { error: { code, title, twilioCode: 30_008 } }),
  };
}

/** AWS Signature Version 4 for the one path that this service has. */
function signed(operation: string, body: string, { fields, secrets }: SenderContext, now: number): HttpRequest {
  const region = required(fields, 'region');
  const url = fields['endpoint'] ?? `https://sms-voice.${region}.amazonaws.com`;
  const time = new Date(now).toISOString().replace(/\.\d+|[-:]/g, '');
  const day = time.slice(0, 8);
  const type = 'application/x-amz-json-1.0';
  const target = `PinpointSMSVoiceV2.${operation}`;
  const names = 'content-type;host;x-amz-date;x-amz-target';
  const headers = `content-type:${type}\nhost:${url.slice(8)}\nx-amz-date:${time}\nx-amz-target:${target}\n`;
  const scope = `${day}/${region}/sms-voice/aws4_request`;
  const canonical = `POST\n/\n\n${headers}\n${names}\n${sha256(body)}`;
  // As key objects: Node takes several times as long with a buffer for a key.
  let key: string | KeyObject = `AWS4${required(secrets, 'secretAccessKey')}`;
  for (const part of [day, region, 'sms-voice', 'aws4_request'])
    key = createSecretKey(createHmac('sha256', key).update(part).digest());
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`;
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = `Credential=${required(secrets, 'accessKeyId')}/${scope}`;
  return {
    method: 'POST',
    url: `${url}/`,
    headers: {
      'Content-Type': type,
      'X-Amz-Target': target,
      'X-Amz-Date': time,
      Authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`,
    },
    body,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
