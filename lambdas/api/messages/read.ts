import type { Channel } from '../../channels/types.ts';
import type { Message } from '../../domain/message.ts';
import { isEmptyRange, parseMessageList } from '../../domain/message-list.ts';
import { parsedBy } from '../../domain/route.ts';
import { notFound } from '../../domain/twilio-error.ts';
import { toTimeline, toTwilioMedia, toTwilioMessage } from '../../domain/twilio-message.ts';
import { toTwilioPage } from '../../domain/twilio-page.ts';
import type { MediaStore } from '../../platform/media-store.ts';
import type { MessageQuery, MessageStore } from '../../platform/stores/messages.ts';
import { json, queryOf, type ResourceHandler } from '../http/request.ts';
import { findMessage, formatFor } from './find-message.ts';

export interface ReadDependencies {
  messages: Pick<MessageStore, 'get' | 'page'>;
  channels(): Promise<Channel[]>;
}

/** An answer of a Lambda function may be 6 MB; a page ends well before, and the next one goes on from there. */
const MAX_PAGE_BYTES = 4_000_000;

/** `GET Messages/{sid}.json` → 200 with the message. */
export function fetchMessage(dependencies: ReadDependencies): ResourceHandler {
  return async (request) => {
    const message = await findMessage(request, dependencies);
    return json(200, toTwilioMessage(message, await formatFor(message, dependencies)));
  };
}

/** `GET Messages/{sid}/Timeline.json` → 200 with what happened to the message. */
export function fetchTimeline(dependencies: ReadDependencies): ResourceHandler {
  return async (request) => json(200, toTimeline(await findMessage(request, dependencies)));
}

/** `GET Messages/{sid}/Media.json` → 200 with its media, in one page: a message has ten at most. */
export function listMedia(dependencies: ReadDependencies): ResourceHandler {
  return async (request) => {
    const media = toTwilioMedia(await findMessage(request, dependencies));
    const position = { path: request.event.rawPath, filters: [], page: 0, pageSize: 50 };
    return json(200, toTwilioPage('media_list', media, position));
  };
}

/** `GET Messages/{sid}/Media/{mediaSid}.json` → 200 with what is known about one of its media. */
export function fetchMedia(dependencies: ReadDependencies): ResourceHandler {
  return async (request) => {
    const media = toTwilioMedia(await findMessage(request, dependencies));
    const found = media.find(({ sid }) => sid === request.parameters['mediaSid']);
    if (!found) throw notFound(request.event.rawPath);
    return json(200, found);
  };
}

/**
 * `GET Messages/{sid}/Media/{mediaSid}` → 307 to the file itself, for fifteen minutes: what `MediaUrl0` of an inbound
 * message points to. Media that were sent redirect to where they were sent from.
 */
export function downloadMedia(dependencies: ReadDependencies & { media: Pick<MediaStore, 'link'> }): ResourceHandler {
  return async (request) => {
    const message = await findMessage(request, dependencies);
    const mediaSid = request.parameters['mediaSid'] ?? '';
    const index = toTwilioMedia(message).findIndex(({ sid }) => sid === mediaSid);
    const item = message.media[index];
    if (!item) throw notFound(request.event.rawPath);
    const { accountSid, sid: messageSid } = message;
    const outbound = message.direction === 'inbound' ? undefined : item.url;
    const location = outbound ?? (await dependencies.media.link({ accountSid, messageSid, mediaSid }));
    return { statusCode: 307, headers: { location } };
  };
}

/** `GET Messages.json` → 200 with a page of messages, newest first. */
export function listMessages(dependencies: ReadDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const asked = parseMessageList(queryOf(event));
    const where = await whereOf(asked, dependencies);
    const { createdFrom, createdTo, before, pageSize } = asked;
    // One more than a page holds tells whether there is a next one.
    const found =
      where === 'nothing' || isEmptyRange(asked)
        ? []
        : await dependencies.messages.page(account.sid, {
            ...(createdFrom !== undefined && { createdFrom }),
            ...(createdTo !== undefined && { createdTo }),
            ...(before !== undefined && { before }),
            ...(where && { where }),
            limit: pageSize + 1,
          });
    const shown = withinSize(found.slice(0, pageSize));
    const last = shown.at(-1);
    const rows = await Promise.all(
      shown.map(async (message) => toTwilioMessage(message, await formatFor(message, dependencies))),
    );
    const page = toTwilioPage('messages', rows, {
      path: event.rawPath,
      filters: asked.filters,
      page: asked.page,
      pageSize,
      ...(before !== undefined && { token: `PA${before}` }),
      ...(last && shown.length < found.length && { nextToken: `PA${last.sid}` }),
    });
    return json(200, page);
  };
}

/** The filters as the store keeps addresses; `nothing` when no message can have such an address. */
async function whereOf(
  asked: { to?: string; from?: string },
  { channels }: ReadDependencies,
): Promise<MessageQuery['where'] | 'nothing'> {
  if (asked.to === undefined && asked.from === undefined) return undefined;
  const known = await channels();
  const to = asked.to === undefined ? undefined : parsedBy(asked.to, known);
  const from = asked.from === undefined ? undefined : parsedBy(asked.from, known);
  const names = known.map(({ name }) => name).filter((name) => (to?.has(name) ?? true) && (from?.has(name) ?? true));
  const [channel] = names;
  if (channel === undefined) return 'nothing';
  const where = {
    ...(to && { to: to.get(channel) }),
    ...(from && { from: from.get(channel) }),
  };
  // Channels that share a scheme also share its addresses, so then the address alone decides.
  return names.length === 1 ? { ...where, channel } : where;
}

function withinSize(messages: Message[]): Message[] {
  let bytes = 0;
  const end = messages.findIndex((message) => {
    // What surrounds the text is about 900 bytes.
    bytes += 1_000 + Buffer.byteLength(JSON.stringify(message.body ?? ''));
    return bytes > MAX_PAGE_BYTES;
  });
  return end === -1 ? messages : messages.slice(0, Math.max(1, end));
}
