import { createHash } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import { filenameOf } from '../../../lambdas/channels/primitives/content-type.ts';
import type { ChannelEvent, HttpRequest, SenderContext, Session } from '../../../lambdas/channels/types.ts';
import { type ByHand, cut, eventsOf, FORGED, failureOf, isSame, required } from './adapter.ts';

interface Payload {
  FromUserName: string;
  CreateTime: string;
  MsgType: string;
  MsgId?: string;
  Content?: string;
  MediaId?: string;
  Event?: string;
  MsgID?: string;
  Status?: string;
}

const parser = new XMLParser({ parseTagValue: false, ignoreDeclaration: true });
const MAX_AGE_MS = 300_000;
const UPLOADS = { 'image/jpeg': 'image', 'image/png': 'image', 'image/gif': 'image', 'audio/mpeg': 'voice' } as const;

export const wechat: ByHand = {
  render(message, sender, session) {
    const base = sender.fields['url'] ?? 'https://api.weixin.qq.com';
    const send = (content: object) =>
      post(`${base}/cgi-bin/message/custom/send`, { touser: message.to, ...content }, session);
    const requests: HttpRequest[] = [];
    for (const { url, contentType = '', filename = filenameOf(url) ?? 'file' } of message.media ?? []) {
      const type = UPLOADS[contentType as keyof typeof UPLOADS];
      if (type === undefined) {
        requests.push(send({ msgtype: 'news', news: { articles: [{ title: filename, url }] } }));
        continue;
      }
      // What only the answers tell is written as the engine writes it where nothing is sent.
      requests.push({ method: 'GET', url, headers: {} });
      requests.push({
        method: 'POST',
        url: `${base}/cgi-bin/media/upload?type=${type}&access_token=${encodeURIComponent(session?.token ?? '')}`,
        headers: {},
        body: [{ name: 'media', value: '<steps.file>', filename, contentType: '<steps.file.contentType>' }],
      });
      requests.push(send({ msgtype: type, [type]: { media_id: '<steps.upload.media_id>' } }));
    }
    if (message.body !== undefined) {
      for (const content of cut(message.body, 2048, 'bytes'))
        requests.push(send({ msgtype: 'text', text: { content } }));
    }
    return requests;
  },

  interpret(answer, { message, part }) {
    const { errcode = 0, msgid } = JSON.parse(answer.body) as { errcode?: number; msgid?: number };
    if (answer.status >= 300 || errcode !== 0) return failureOf(answer);
    // Ordinary messages get no id, so they have one of our own.
    return { outcome: 'accepted', id: msgid === undefined ? ownId(message.sid, part.index) : String(msgid) };
  },

  receive(webhook, sender, now) {
    if (!isGenuine(webhook.query, sender, now)) return FORGED;
    if (webhook.body.includes('<!DOCTYPE')) return { kind: 'malformed', reason: 'a document type is not accepted' };
    const { xml } = parser.parse(webhook.body, true) as { xml: Payload };
    const timestamp = new Date(Number(xml.CreateTime) * 1000).toISOString();
    const events: ChannelEvent[] = [];
    if (xml.MsgType !== 'event') {
      events.push({
        type: 'message',
        channel: 'wechat',
        id: xml.MsgId ?? '',
        from: xml.FromUserName,
        to: sender.address,
        timestamp,
        kind: xml.MsgType,
        ...(xml.Content !== undefined && { text: xml.Content }),
        ...(xml.MediaId !== undefined && { media: [{ id: xml.MediaId }] }),
        raw: xml,
      });
    } else if (xml.Event === 'TEMPLATESENDJOBFINISH') {
      const [status, code = ''] = (xml.Status ?? '').split(':');
      const title = xml.Status;
      events.push({
        type: 'status',
        channel: 'wechat',
        ...(xml.MsgID !== undefined && { id: xml.MsgID }),
        to: xml.FromUserName,
        timestamp,
        status: status === 'success' ? 'delivered' : 'failed',
        foreign: true,
        ...(status !== 'success' && { error: { code: code.trim(), title, twilioCode: 63_012 } }),
      });
    }
    return eventsOf(events);
  },
};

function isGenuine(
  { signature, timestamp = '', nonce = '' }: Record<string, string>,
  sender: SenderContext,
  now: number,
) {
  const text = [required(sender.secrets, 'token'), timestamp, nonce].sort().join('');
  if (!isSame(signature, createHash('sha1').update(text).digest('hex'))) return false;
  return Math.abs(now - Number(timestamp) * 1000) <= MAX_AGE_MS;
}

function post(url: string, content: object, session: Session | undefined): HttpRequest {
  return {
    method: 'POST',
    url: `${url}?access_token=${encodeURIComponent(session?.token ?? '')}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(content),
  };
}

function ownId(sid: string, index: number): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([sid, index]))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
