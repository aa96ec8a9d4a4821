import type { ByHand } from './by-hand/adapter.ts';
import { instagram } from './by-hand/instagram.ts';
import { line } from './by-hand/line.ts';
import { messenger } from './by-hand/messenger.ts';
import { rcs } from './by-hand/rcs.ts';
import { sms } from './by-hand/sms.ts';
import { viber } from './by-hand/viber.ts';
import { wechat } from './by-hand/wechat.ts';
import { whatsapp } from './by-hand/whatsapp.ts';
import { whatsappCloud } from './by-hand/whatsapp-cloud.ts';

/** What goes through a channel here: bodies as the provider writes them, with what it sends along and nobody reads. */
export interface Fixture {
  byHand: ByHand;
  /** The contact. */
  to: string;
  mediaUrl: string;
  /** An answer to a message that was accepted. */
  answer: string;
  /** A webhook about one message that was delivered. */
  delivered: string;
  /** Where a channel has no word of deliveries: what `delivered` is instead. */
  insteadOfDelivered?: string;
  /** A webhook with one text from the contact. */
  inbound: string;
}

const SID = 'SM0191e1807d607000a1b2c3d4e5f60718';
const IMAGE = 'https://media.example.com/receipts/4711.jpg';
const TEXT = 'Is it ready yet? ☕';

const json = (value: unknown) => JSON.stringify(value);
const xml = (elements: string) => `<xml><ToUserName><![CDATA[gh_demo]]></ToUserName>\n${elements}</xml>`;
const topic = (message: object) =>
  json({
    Type: 'Notification',
    MessageId: '8a1e2b30-5c44-5d2e-9f10-77c4a3f9a001',
    TopicArn: 'arn:aws:sns:us-east-1:123456789012:sms',
    Message: json(message),
    Timestamp: '2026-01-02T03:04:05.700Z',
    SignatureVersion: '1',
    Signature: 'EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2egU3N858fiTDN6bkkOxYDVrY',
    SigningCertURL:
      'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem',
    UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:0001',
  });
const pushed = (event: object) =>
  json({
    message: {
      attributes: { business_id: 'my_agent_x1y2@rbm.goog', product: 'RBM', type: 'event' },
      data: Buffer.from(json(event)).toString('base64'),
      messageId: '14150481888479752',
      publishTime: '2026-01-02T03:04:05.7Z',
    },
    subscription: 'projects/demo/subscriptions/rbm',
  });
const cloud = (value: object) => {
  const metadata = { display_phone_number: '15550100200', phone_number_id: '700800900100' };
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
  return json({ object: 'whatsapp_business_account', entry: [{ id: '900100200300400', changes: [change] }] });
};
const meta = (object: string, id: string, item: object) => {
  const messaging = { sender: { id: '7000000000000001' }, recipient: { id }, ...item };
  return json({ object, entry: [{ id, time: 1760000000500, messaging: [messaging] }] });
};
const lineEvent = (event: object) =>
  json({
    destination: 'U00000000000000000000000000000000',
    events: [
      {
        mode: 'active',
        timestamp: 1700000000000,
        webhookEventId: '01HF6ZKQ5Z0000000000000050',
        deliveryContext: { isRedelivery: false },
        ...event,
      },
    ],
  });

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  whatsapp: {
    byHand: whatsapp,
    to: '15552223333',
    mediaUrl: IMAGE,
    answer: json({
      messages: [{ id: 'gBEGkYiEB1VXAglK1ZEqA1YKPrU' }],
      meta: { api_status: 'stable', version: '2.45.1' },
    }),
    delivered: json({
      statuses: [
        {
          id: 'gBEGkYiEB1VXAglK1ZEqA1YKPrU',
          recipient_id: '15552223333',
          status: 'delivered',
          timestamp: '1700000001',
          conversation: { id: '7f9b3c', origin: { type: 'user_initiated' } },
          pricing: { pricing_model: 'CBP', billable: true, category: 'service' },
        },
      ],
    }),
    inbound: json({
      contacts: [{ profile: { name: 'Kerry Fisher' }, wa_id: '15552223333' }],
      messages: [
        {
          from: '15552223333',
          id: 'ABGGFlA5FpafAgo6tHcNmNjXmuSf',
          timestamp: '1700000000',
          type: 'text',
          text: { body: TEXT },
        },
      ],
    }),
  },
  'whatsapp-cloud': {
    byHand: whatsappCloud,
    to: '15550100999',
    mediaUrl: IMAGE,
    answer: json({
      messaging_product: 'whatsapp',
      contacts: [{ input: '+15550100999', wa_id: '15550100999' }],
      messages: [{ id: 'wamid.HBgLMTU1NTAxMDA5OTkVAgARGBI3MTZDQkRBODM2RTlCNkE2', message_status: 'accepted' }],
    }),
    delivered: cloud({
      statuses: [
        {
          id: 'wamid.HBgLMTU1NTAxMDA5OTkVAgARGBI3MTZDQkRBODM2RTlCNkE2',
          status: 'delivered',
          timestamp: '1760000001',
          recipient_id: '15550100999',
          biz_opaque_callback_data: SID,
          conversation: { id: '2b1f3c', origin: { type: 'utility' } },
          pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' },
        },
      ],
    }),
    inbound: cloud({
      contacts: [{ profile: { name: 'Kerry Fisher' }, wa_id: '15550100999' }],
      messages: [
        {
          from: '15550100999',
          id: 'wamid.HBgLMTU1NTAxMDA5OTkVAgASGBQzQTdCRjNDM0I1RkY4RTRB',
          timestamp: '1760000000',
          text: { body: TEXT },
          type: 'text',
        },
      ],
    }),
  },
  messenger: {
    byHand: messenger,
    to: '7000000000000001',
    mediaUrl: IMAGE,
    answer: json({
      recipient_id: '7000000000000001',
      message_id: 'm_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK48PnKAjSdjfipqxqMvK8',
    }),
    delivered: meta('page', '200300400500', {
      delivery: { mids: ['m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK48PnKAjSdjfipqxqMvK8'], watermark: 1760000000100 },
    }),
    inbound: meta('page', '200300400500', {
      timestamp: 1760000000123,
      message: { mid: 'm_toDnmD_RVbbMpHA8vTAPxQd6OQ1Zr0rHJiVe1NHXsmI7VmJ1JtQk', text: TEXT },
    }),
  },
  instagram: {
    byHand: instagram,
    to: '7000000000000001',
    mediaUrl: IMAGE,
    answer: json({
      recipient_id: '7000000000000001',
      message_id: 'aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx',
    }),
    insteadOfDelivered: 'read',
    delivered: meta('instagram', '17841400000000001', {
      timestamp: 1760000000400,
      read: { mid: 'aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx' },
    }),
    inbound: meta('instagram', '17841400000000001', {
      timestamp: 1760000000123,
      message: { mid: 'aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAy', text: TEXT },
    }),
  },
  line: {
    byHand: line,
    to: 'U4af4980629b1d9f0c0c7a5e6d7b8a9c0',
    mediaUrl: IMAGE,
    answer: json({ sentMessages: [{ id: '461230966842064897', quoteToken: 'IStG5h1Tz7bFQDTUTQ1kaRq' }] }),
    delivered: lineEvent({ type: 'delivery', delivery: { data: SID } }),
    inbound: lineEvent({
      type: 'message',
      source: { type: 'user', userId: 'U4af4980629b1d9f0c0c7a5e6d7b8a9c0' },
      replyToken: '00000000000000000000000000000001',
      message: { id: '444573844083572738', type: 'text', text: TEXT, quoteToken: 'q3Plxr4AgKd6K2PHGRoWXvRTsX8BMv0Y' },
    }),
  },
  rcs: {
    byHand: rcs,
    to: '14155550100',
    mediaUrl: IMAGE,
    answer: json({
      name: 'phones/+14155550100/agentMessages/1c1a27d7-708f-8247-a3af-df61fa798aa3',
      sendTime: '2026-01-02T03:04:05.678Z',
      contentMessage: { text: 'Your order has left.' },
    }),
    delivered: pushed({
      senderPhoneNumber: '+14155550100',
      eventType: 'DELIVERED',
      eventId: 'MsTuYJ8LQZSa2dzhLZGd3Zmw',
      messageId: '1c1a27d7-708f-8247-a3af-df61fa798aa3',
      sendTime: '2026-01-02T03:04:05.678Z',
      agentId: 'my_agent_x1y2@rbm.goog',
    }),
    inbound: pushed({
      senderPhoneNumber: '+14155550100',
      messageId: 'MxB5GZQNpqTqWvtuV8Kdy2Gg',
      sendTime: '2026-01-02T03:04:05.678Z',
      text: TEXT,
      agentId: 'my_agent_x1y2@rbm.goog',
    }),
  },
  viber: {
    byHand: viber,
    to: '01234567890A=',
    mediaUrl: IMAGE,
    answer:
      '{"status":0,"status_message":"ok","message_token":5741311803571721087,"chat_hostname":"SN-1","billing_status":1}',
    delivered:
      '{"event":"delivered","timestamp":1700000000000,"message_token":5741311803571721087,"user_id":"01234567890A="}',
    inbound: `{"event":"message","timestamp":1700000000000,"message_token":4912661846655238145,"sender":${json({
      id: '01234567890A=',
      name: 'Kerry Fisher',
      avatar: 'https://media-direct.cdn.viber.com/download_photo?dlid=0',
      language: 'en',
      country: 'GB',
      api_version: 10,
    })},"message":${json({ text: TEXT, type: 'text' })},"silent":false}`,
  },
  wechat: {
    byHand: wechat,
    to: 'oPKu7jgOibOA-De4u8J2RuNKpZRw',
    mediaUrl: IMAGE,
    answer: json({ errcode: 0, errmsg: 'ok' }),
    delivered: xml(
      '<FromUserName><![CDATA[oPKu7jgOibOA-De4u8J2RuNKpZRw]]></FromUserName><CreateTime>1700000000</CreateTime>\n' +
        '<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n' +
        '<MsgID>5847060634540564930</MsgID><Status><![CDATA[success]]></Status>',
    ),
    inbound: xml(
      '<FromUserName><![CDATA[oPKu7jgOibOA-De4u8J2RuNKpZRw]]></FromUserName><CreateTime>1700000000</CreateTime>\n' +
        `<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${TEXT}]]></Content><MsgId>5847060634540564918</MsgId>`,
    ),
  },
  sms: {
    byHand: sms,
    to: '14255550156',
    mediaUrl: 'https://receipts.s3.us-east-1.amazonaws.com/2026/4711.jpg',
    answer: json({ MessageId: '862a8790-60c0-4430-9b2b-658bdexample' }),
    delivered: topic({
      eventType: 'TEXT_DELIVERED',
      eventVersion: '1.0',
      eventTimestamp: 1686975103470,
      isFinal: true,
      originationPhoneNumber: '+12065550152',
      destinationPhoneNumber: '+14255550156',
      isInternationalSend: false,
      isoCountryCode: 'US',
      messageId: '862a8790-60c0-4430-9b2b-658bdexample',
      messageRequestTimestamp: 1686975103170,
      messageEncoding: 'GSM',
      messageType: 'TRANSACTIONAL',
      messageStatus: 'DELIVERED',
      messageStatusDescription: 'Message has been accepted by phone',
      context: { sid: SID },
      totalMessageParts: 1,
      totalMessagePrice: 0.00581,
      totalCarrierFee: 0,
    }),
    inbound: topic({
      originationNumber: '+14255550156',
      destinationNumber: '+12065550152',
      messageKeyword: 'JOIN',
      messageBody: TEXT,
      inboundMessageId: 'cae173d2-66b9-564c-8309-21f858e9fb84',
      previousPublishedMessageId: '862a8790-60c0-4430-9b2b-658bdexample',
    }),
  },
};

/** The fixture of a channel; throws for a spec that nobody has written by hand. */
export function fixtureOf(channel: string): Fixture {
  const fixture = FIXTURES[channel];
  if (!fixture) throw new Error(`There is nothing to compare the channel ${channel} with: add it to bench/channels/.`);
  return fixture;
}

export const MESSAGE_SID = SID;
