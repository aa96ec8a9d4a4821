import * as z from 'zod';
import type { Evaluator } from './expressions/expression.ts';
import { contentTypeOf, filenameOf } from './primitives/content-type.ts';
import type { TextUnit } from './primitives/splitting/measure.ts';
import { fits, splitText } from './primitives/splitting/split.ts';
import { type OutboundMessage, UnsupportedMessageError } from './types.ts';

export const messageKindSchema = z
  .enum(['text', 'media', 'template', 'location', 'actions'])
  .describe(
    'The kind of message: `text`, `media` (one item), `template`, `location`, or `actions` (buttons, with a text)',
  );
export type MessageKind = z.infer<typeof messageKindSchema>;

/** One request's worth of a message: its kind, and the text and media item that go in it. */
export interface Part<Case> {
  case: Case;
  text: string | undefined;
  media: MediaItem | undefined;
}

export interface MediaItem {
  url: string;
  contentType: string | undefined;
  filename: string | undefined;
}

interface Carrier {
  readonly maxText: number | undefined;
  readonly when?: Evaluator | undefined;
}

/**
 * Cuts a message into parts, in the order they are sent: a template alone; else the location, the media items, the text.
 * The text goes with the first media item that can carry all of it, its end with the buttons, and what is left as text
 * messages of the channel's length.
 * @param select finds the case that sends a part; undefined where the channel has none
 * @throws UnsupportedMessageError for a kind that the channel lacks, and for a message with nothing in it
 */
export async function partsOf<Case extends Carrier>(
  message: OutboundMessage,
  channel: string,
  limit: { max: number; unit: TextUnit },
  select: (
    kind: MessageKind,
    part: { text: string | undefined; media: MediaItem | undefined },
  ) => Promise<Case | undefined>,
): Promise<Part<Case>[]> {
  const parts: Part<Case>[] = [];
  const add = async (kind: MessageKind, text?: string, media?: MediaItem) => {
    const found = await select(kind, { text, media });
    if (found === undefined) throw new UnsupportedMessageError(`${channel} cannot send ${describe(kind, media)}`);
    parts.push({ case: found, text, media });
    return parts[parts.length - 1] as Part<Case>;
  };

  if (message.template !== undefined) {
    await add('template');
    return parts;
  }
  let text = message.body === '' ? undefined : message.body;
  if (message.location !== undefined) await add('location');
  for (const item of message.media ?? []) {
    const part = await add('media', undefined, mediaItem(item));
    if (text !== undefined && part.case.maxText !== undefined && fits(text, part.case.maxText, limit.unit)) {
      part.text = text;
      text = undefined;
    }
  }
  if (message.actions !== undefined && message.actions.length > 0) {
    const found = await select('actions', { text, media: undefined });
    if (found === undefined)
      throw new UnsupportedMessageError(`${channel} cannot send these buttons with this message`);
    const texts = text === undefined ? [] : splitText(text, found.maxText ?? limit.max, limit.unit);
    for (const piece of texts.slice(0, -1)) await add('text', piece);
    parts.push({ case: found, text: texts.at(-1), media: undefined });
  } else if (text !== undefined) {
    for (const piece of splitText(text, limit.max, limit.unit)) await add('text', piece);
  }
  if (parts.length === 0)
    throw new UnsupportedMessageError('there is nothing to send: no text, media, location or template');
  return parts;
}

function mediaItem(item: NonNullable<OutboundMessage['media']>[number]): MediaItem {
  return {
    url: item.url,
    contentType: item.contentType ?? contentTypeOf(item.url),
    filename: item.filename ?? filenameOf(item.url),
  };
}

function describe(kind: MessageKind, media: MediaItem | undefined): string {
  if (kind !== 'media') return kind === 'text' ? 'text' : `a ${kind}`;
  return `media of type ${media?.contentType ?? 'unknown'}`;
}
