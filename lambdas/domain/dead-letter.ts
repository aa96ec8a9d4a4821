import { Buffer } from 'node:buffer';
import { sidPattern } from './sid.ts';
import type { DeadLetter } from './tasks.ts';

/** The queue that a letter's work was in, or would have gone to. */
export const DEAD_LETTER_QUEUES = ['outbound', 'inbound', 'callbacks'] as const;
export type DeadLetterQueue = (typeof DEAD_LETTER_QUEUES)[number];

const QUEUE_OF: Record<DeadLetter['kind'], DeadLetterQueue> = {
  outbound: 'outbound',
  event: 'inbound',
  webhook: 'inbound',
  callback: 'callbacks',
};

export const queueOf = ({ kind }: Pick<DeadLetter, 'kind'>): DeadLetterQueue => QUEUE_OF[kind];

/** A letter without what it is about: all that a list shows. `at` is ISO 8601 UTC. */
export type DeadLetterSummary = Omit<DeadLetter, 'payload'> & { sid: string };

/** A letter as it is kept. */
export type KeptDeadLetter = DeadLetterSummary & { payload: unknown };

/** The longest reason kept, in characters. */
const MAX_REASON = 300;

const SID = /^[A-Z]{2}[0-9a-f]{32}$/;
const URLS = /\bhttps?:\/\/[^\s"'<>]+/gi;
/** Numbers of people as they are written, and whatever is long enough to be a token. */
const PRIVATE = /\b[A-Z]{2}[0-9a-f]{32}\b|\+?\d(?:[\s().-]*\d){6,}|[\w+/=~-]{32,}/g;

/**
 * A reason fit to be shown: providers quote numbers and URLs in their errors, and URLs may hold tokens. Hosts and SIDs stay, of a
 * number its last two digits.
 */
export function readableReason(reason: string): string {
  const masked = reason
    .replaceAll(URLS, (url) => `${hostOf(url) ?? 'a URL'} …`)
    .replaceAll(PRIVATE, (found) => (SID.test(found) ? found : /^\+?\d/.test(found) ? `…${found.slice(-2)}` : '…'))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return masked.length > MAX_REASON ? `${masked.slice(0, MAX_REASON - 1)}…` : masked;
}

/** A URL's host, which says whose it is; undefined for what is no URL. */
export function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** A SID as it is, anything else not at all: what could not be read may hold anything where a SID belongs. */
export function sidOrNull(text: string | undefined, ...prefixes: Parameters<typeof sidPattern>): string | null {
  return text !== undefined && sidPattern(...prefixes).test(text) ? text : null;
}

/** How many bytes a payload takes as JSON. */
export function bytesOf(payload: unknown): number {
  return Buffer.byteLength(JSON.stringify(payload) ?? '');
}
