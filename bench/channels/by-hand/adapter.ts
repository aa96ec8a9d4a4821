import { timingSafeEqual } from 'node:crypto';
import { splitText } from '../../../lambdas/channels/primitives/splitting/split.ts';
import type {
  ChannelEvent,
  HttpAnswer,
  HttpRequest,
  OutboundMessage,
  Outcome,
  SenderContext,
  Sent,
  Session,
  WebhookReading,
  WebhookRequest,
} from '../../../lambdas/channels/types.ts';

/*
 * One channel as somebody would write it who needs no other: texts and media out, statuses and texts in. The yardstick for the
 * engine, so it is as direct as it can be and checks no more than it must: what a provider signed is taken to be well-formed.
 */
export interface ByHand {
  /** @param now ms since the epoch, for what is signed with the time */
  render(message: OutboundMessage, sender: SenderContext, session: Session | undefined, now: number): HttpRequest[];
  interpret(answer: HttpAnswer, sent: Sent): Outcome;
  receive(webhook: WebhookRequest, sender: SenderContext, now: number): WebhookReading;
}

/** A field or secret that a sender must have. */
export function required(values: Readonly<Record<string, string>>, name: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(`the sender has no ${name}`);
  return value;
}

/** A text as a list of texts that the channel takes; cutting one well is no channel's own affair. */
export function cut(text: string, max: number, unit: 'characters' | 'bytes' | 'utf16' = 'characters'): string[] {
  const isShort = unit === 'bytes' ? Buffer.byteLength(text) <= max : text.length <= max;
  return isShort ? [text] : splitText(text, max, unit);
}

/** Whether a signature is the one expected, without telling by its duration where it differs. */
export function isSame(given: string | undefined, expected: string): boolean {
  const left = Buffer.from(given ?? '');
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}

export const FORGED: WebhookReading = { kind: 'refused', status: 403, reason: 'the signature is missing or wrong' };

export function eventsOf(events: ChannelEvent[]): WebhookReading {
  return { kind: 'events', events };
}

/** What an answer without a message id means. Which of a provider's codes means what is a table, and costs nobody time. */
export function failureOf({ status }: HttpAnswer): Outcome {
  const isTransient = status === 429 || status >= 500;
  return { outcome: 'failed', class: isTransient ? 'retry' : 'permanent', twilioCode: 63_012, scope: 'contact' };
}
