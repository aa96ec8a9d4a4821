import * as z from 'zod';
import type { Evaluator } from './expressions/evaluator.ts';
import { andThen, type MaybePromise } from './expressions/settled.ts';
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
  /** Of buttons: given where a media item goes with them. */
  readonly contentTypes?: readonly string[] | undefined;
  readonly when?: Evaluator | undefined;
}

type Select<Case> = (
  kind: MessageKind,
  part: { text: string | undefined; media: MediaItem | undefined },
) => MaybePromise<Case | undefined>;

/**
 * Cuts a message into parts, in the order they are sent: a template alone; else the location, the media items, the text.
 * The text goes with the first media item that can carry all of it, or where there are buttons its end with them, and the
 * last media item too if both fit; what is left goes as text messages of the channel's length.
 * @param select finds the case that sends a part; undefined where the channel has none
 * @throws UnsupportedMessageError for a kind that the channel lacks, and for a message with nothing in it
 */
export async function partsOf<Case extends Carrier>(
  message: OutboundMessage,
  channel: string,
  limit: { max: number; unit: TextUnit },
  select: Select<Case>,
): Promise<Part<Case>[]> {
  const parts: Part<Case>[] = [];
  const add = (kind: MessageKind, text: string | undefined, media?: MediaItem): MaybePromise<Part<Case>> =>
    andThen(select(kind, { text, media }), (found) => {
      if (found === undefined) throw unsupported(channel, kind, media);
      const part: Part<Case> = { case: found, text, media };
      parts.push(part);
      return part;
    });
  let text = message.body === '' ? undefined : message.body;
  const hasActions = message.actions !== undefined && message.actions.length > 0;
  // What is only a text, as most messages are, waits for nothing.
  const addText = async (pieces: readonly string[]) => {
    for (const piece of pieces) {
      const added = add('text', piece);
      if (added instanceof Promise) await added;
    }
  };

  if (message.template !== undefined) {
    await add('template', undefined);
    return parts;
  }
  if (message.location !== undefined) await add('location', undefined);
  const items = (message.media ?? []).map(mediaItem);
  const whole = hasActions ? await wholePart(text, items.at(-1), limit, select) : undefined;
  if (whole) items.pop();
  for (const item of items) {
    const part = await add('media', undefined, item);
    if (
      text !== undefined &&
      !hasActions &&
      part.case.maxText !== undefined &&
      fits(text, part.case.maxText, limit.unit)
    ) {
      part.text = text;
      text = undefined;
    }
  }
  if (whole) {
    parts.push(whole);
  } else if (hasActions) {
    const found = await select('actions', { text, media: undefined });
    if (found === undefined)
      throw new UnsupportedMessageError(`${channel} cannot send these buttons with this message`);
    const texts = text === undefined ? [] : splitText(text, found.maxText ?? limit.max, limit.unit);
    await addText(texts.slice(0, -1));
    parts.push({ case: found, text: texts.at(-1), media: undefined });
  } else if (text !== undefined) {
    await addText(splitText(text, limit.max, limit.unit));
  }
  if (parts.length === 0)
    throw new UnsupportedMessageError('there is nothing to send: no text, media, location or template');
  return parts;
}

/** Buttons with all of the text and a media item, where the channel has such a case; undefined where it has not. */
async function wholePart<Case extends Carrier>(
  text: string | undefined,
  media: MediaItem | undefined,
  limit: { max: number; unit: TextUnit },
  select: Select<Case>,
): Promise<Part<Case> | undefined> {
  const found = media && (await select('actions', { text, media }));
  if (found?.contentTypes === undefined) return undefined;
  return fits(text ?? '', found.maxText ?? limit.max, limit.unit) ? { case: found, text, media } : undefined;
}

/** What expressions see of where a part stands among those of its message. */
export function partRoot(index: number, count: number): { index: number; count: number; last: boolean } {
  return { index, count, last: index === count - 1 };
}

function unsupported(channel: string, kind: MessageKind, media: MediaItem | undefined): UnsupportedMessageError {
  if (kind === 'media') {
    return new UnsupportedMessageError(
      `${channel} cannot send media of type ${media?.contentType ?? 'unknown'}`,
      'media',
    );
  }
  return new UnsupportedMessageError(`${channel} cannot send ${kind === 'text' ? 'text' : `a ${kind}`}`);
}

function mediaItem(item: NonNullable<OutboundMessage['media']>[number]): MediaItem {
  return {
    url: item.url,
    contentType: item.contentType ?? contentTypeOf(item.url),
    filename: item.filename ?? filenameOf(item.url),
  };
}
