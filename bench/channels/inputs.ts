import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import {
  type HttpAnswer,
  type OutboundMessage,
  type SenderContext,
  type Sent,
  type Session,
  senderContextSchema,
  type WebhookRequest,
} from '../../lambdas/channels/types.ts';
import { sign } from '../../simulators/provider/channel/sign.ts';
import { readCases } from '../../test/contract/case-file.ts';
import { fixtureOf, MESSAGE_SID } from './fixtures.ts';

/** What goes into a channel: its fixture, from and to the sender of its cases. Plain data, webhooks signed. */
export interface Inputs {
  sender: SenderContext;
  session: Session | undefined;
  text: OutboundMessage;
  media: OutboundMessage;
  answer: HttpAnswer;
  sent: Sent;
  delivered: WebhookRequest;
  inbound: WebhookRequest;
  /** The inbound message signed with other secrets; absent where nothing is signed. */
  forged?: WebhookRequest;
}

/** @param now when webhooks are signed, ms since the epoch */
export async function inputsOf(name: string, now: number): Promise<Inputs> {
  const { spec, file } = readSpec(name);
  const cases = readCases(file);
  const sender = senderContextSchema.parse(cases.sender);
  const fixture = fixtureOf(name);
  const text: OutboundMessage = {
    sid: MESSAGE_SID,
    accountSid: 'AC0191e1807d607000a1b2c3d4e5f60718',
    channel: name,
    from: sender.address,
    to: fixture.to,
    body: 'Your order 4711 has left and will be with you tomorrow.',
  };
  const signed = (body: string, secrets: Record<string, string>): Promise<WebhookRequest> => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'provider' };
    return sign({ method: 'POST', headers, query: {}, body }, spec, { ...sender, secrets }, now / 1_000);
  };
  const others = Object.fromEntries(Object.keys(sender.secrets).map((key) => [key, 'another']));
  return {
    sender,
    session: cases.session,
    text,
    media: { ...text, media: [{ url: fixture.mediaUrl, contentType: 'image/jpeg' }] },
    answer: { status: 200, headers: { 'content-type': 'application/json' }, body: fixture.answer },
    sent: { message: text, part: { index: 0, count: 1 } },
    delivered: await signed(fixture.delivered, sender.secrets),
    inbound: await signed(fixture.inbound, sender.secrets),
    ...(spec.inbound.signature.scheme !== 'none' && { forged: await signed(fixture.inbound, others) }),
  };
}
