import { createHmac } from 'node:crypto';
import type { SenderSecret } from '../../lambdas/domain/sender.ts';

/** A message that a provider accepted: our SID, and its own id. */
export interface SentMessage {
  sid: string;
  id: string;
  contact: string;
}

/** What one channel needs to be counted. */
export interface Traffic {
  channel: string;
  fields: Record<string, string>;
  secret: Omit<SenderSecret, 'webhookSecret'>;
  /** One status as the provider writes it, alone in its webhook as nearly all are, with its signature. */
  webhook(status: string, message: SentMessage): { body: string; headers: Record<string, string> };
}

const APP_SECRET = 'whsec-bench-app-secret';
const NEXT_WEEK = new Date(Date.now() + 7 * 86_400_000).toISOString();
const seconds = () => String(Math.floor(Date.now() / 1_000));

/** Meta's Cloud API: our SID comes back with every status. */
export const cloud = (providerUrl: string): Traffic => ({
  channel: 'whatsapp-cloud',
  fields: { phoneNumberId: '700800900100', wabaId: '900100200300400', version: 'v25.0', url: providerUrl },
  secret: { secrets: { token: 'EAAG-bench-token', appSecret: APP_SECRET, verifyToken: 'verify' } },
  webhook(status, { sid, id, contact }) {
    const metadata = { display_phone_number: '15550100200', phone_number_id: '700800900100' };
    const conversation = { id: '7c1e5f2b9a3d4e60', origin: { type: 'utility' } };
    const pricing = { billable: true, pricing_model: 'PMP', category: 'utility', type: 'regular' };
    const one = { id, status, timestamp: seconds(), recipient_id: contact, biz_opaque_callback_data: sid };
    const value = { messaging_product: 'whatsapp', metadata, statuses: [{ ...one, conversation, pricing }] };
    const change = { field: 'messages', value };
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '900100200300400', changes: [change] }],
    });
    return {
      body,
      headers: { 'X-Hub-Signature-256': `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}` },
    };
  },
});

/** WhatsApp's containers: statuses name their own id, and are not signed. */
export const containers = (providerUrl: string): Traffic => ({
  channel: 'whatsapp',
  fields: { url: providerUrl, username: 'admin' },
  secret: { secrets: { password: 'bench' }, session: { token: 'session', expiresAt: NEXT_WEEK } },
  webhook(status, { id, contact }) {
    return {
      body: JSON.stringify({ statuses: [{ id, recipient_id: contact, status, timestamp: seconds() }] }),
      headers: {},
    };
  },
});
