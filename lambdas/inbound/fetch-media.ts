import type { Channel, HttpAnswer, HttpRequest, SenderContext, Session } from '../channels/types.ts';
import type { Message } from '../domain/message.ts';
import { mediaSid } from '../domain/sid.ts';
import type { AddressPolicy } from '../domain/url-policy.ts';
import type { CredentialSource } from '../outbound/credentials.ts';
import { logExchange } from '../platform/exchange-log.ts';
import { type BinaryAnswer, sendForBytes } from '../platform/http.ts';
import { logger } from '../platform/log.ts';
import type { MediaStore } from '../platform/media-store.ts';
import type { EventContext } from './apply-event.ts';

/** WhatsApp's limit for documents, the largest of any channel's media; held in memory while it is copied. */
const MAX_BYTES = 100 * 1_048_576;

export interface MediaDependencies {
  credentials: CredentialSource;
  media: MediaStore;
  allowLoopback: boolean;
  now(): number;
}

/**
 * Copies an inbound message's media from the channel to S3, before the customer is told of them: channels keep media for
 * days only, and want credentials for them. Safe to repeat. A file that the channel no longer has is left out.
 */
export async function fetchMedia(
  message: Message,
  context: EventContext,
  dependencies: MediaDependencies,
): Promise<void> {
  for (const [index, item] of message.media.entries()) {
    const file = await download(item, message.sid, context, dependencies);
    if (!file) continue;
    const { accountSid, sid: messageSid } = message;
    const contentType = item.contentType ?? file.headers['content-type'] ?? 'application/octet-stream';
    const name = { accountSid, messageSid, mediaSid: mediaSid(messageSid, index) };
    await dependencies.media.put(name, contentType, file.bytes);
  }
}

/**
 * Removes the copies of a message's media, by writing nothing over them: that takes no permission beyond the one to copy.
 * Safe to repeat.
 */
export async function emptyMedia({ accountSid, sid: messageSid, media }: Message, store: MediaStore): Promise<void> {
  for (const index of media.keys()) {
    const name = { accountSid, messageSid, mediaSid: mediaSid(messageSid, index) };
    await store.put(name, 'application/octet-stream', Buffer.alloc(0));
  }
}

/** The longest answer that is read as the provider's words and not as a file, in bytes. */
const MAX_WORDS_BYTES = 65_536;

async function download(
  item: Message['media'][number],
  messageSid: string,
  { sender, channel }: EventContext,
  { credentials, allowLoopback, now }: MediaDependencies,
): Promise<BinaryAnswer | undefined> {
  let rejected: Session | undefined;
  for (let tries = 0; ; tries += 1) {
    const { context, session } = await credentials.get(sender, channel, now(), rejected);
    const get = (request: HttpRequest, allowPrivate: boolean) =>
      exchange(request, messageSid, { allowLoopback, allowPrivate });
    // A URL in a webhook is a stranger's word; only the channel's own host may be in a private network.
    const isOwn = item.id !== undefined && channel.download !== undefined;
    let answer = await get(await requestFor(item, channel, context, session), isOwn);
    if (isOwn && isSuccess(answer) && channel.downloaded) {
      const reading = await channel.downloaded(asText(answer), context, session);
      if ('request' in reading) answer = await get(reading.request, false);
      else if ('outcome' in reading) answer = { ...answer, status: reading.class === 'auth' ? 401 : 502 };
    }
    if (isSuccess(answer)) return answer;
    if (answer.status === 401 && tries === 0 && session) {
      rejected = session;
      continue;
    }
    if (answer.status === 404 || answer.status === 410) {
      logger.warn('the channel no longer has a media file', { messageSid, status: answer.status });
      return undefined;
    }
    throw new Error(`The channel answered ${answer.status} for a media file.`);
  }
}

async function requestFor(
  { id, url }: Message['media'][number],
  channel: Channel,
  context: SenderContext,
  session: Session | undefined,
): Promise<HttpRequest> {
  return channel.download
    ? channel.download({ id, url }, context, session)
    : { method: 'GET', url: url ?? '', headers: {} };
}

async function exchange(request: HttpRequest, messageSid: string, addresses: AddressPolicy): Promise<BinaryAnswer> {
  const started = performance.now();
  const answer = await sendForBytes(request, { addresses, timeoutMs: 25_000, maxBytes: MAX_BYTES });
  logExchange(messageSid, request, { ...answer, body: '' }, Math.round(performance.now() - started));
  return answer;
}

/** 202 says that the file is still being made: it is asked for again later, as after a failure. */
function isSuccess({ status }: BinaryAnswer): boolean {
  return status >= 200 && status < 300 && status !== 202;
}

function asText({ status, headers, bytes }: BinaryAnswer): HttpAnswer {
  return { status, headers, body: bytes.length > MAX_WORDS_BYTES ? '' : bytes.toString('utf8') };
}
