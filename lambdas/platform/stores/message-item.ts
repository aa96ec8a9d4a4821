import { type Message, messageSchema, type TimelineEntry } from '../../domain/message.ts';

/*
 * How a message is stored. A write is paid for by the kilobyte of the whole item, names included, and a message is written five times:
 * so what follows from the rest is left out, dates are numbers, and an entry of the timeline is one short text.
 *
 *   accountSid                 the key has it
 *   dateCreated, dateUpdated   when the first and the last entry of the timeline were made
 *   media, channelMessageIds   left out while they are empty
 */

const DATES = ['dateSent', 'sendAt', 'validUntil'] as const;

const LETTERS = { api: 'A', deliver: 'D', channel: 'C', notify: 'N', sweep: 'S' } as const satisfies Record<
  TimelineEntry['by'],
  string
>;
const STAGES = new Map(Object.entries(LETTERS).map(([stage, letter]) => [letter as string, stage]));

const ENTRY = /^(?<at>[0-9a-z]+)(?<by>[A-Z])(?<event>\S+)(?: (?<detail>.*))?$/s;

/** Attributes, or some of them, as they are stored. */
export function toAttributes(message: Partial<Message>): Record<string, unknown> {
  const { accountSid, dateCreated, dateUpdated, timeline, ...stored } = message;
  const dates = DATES.filter((name) => stored[name] !== undefined).map((name) => [
    name,
    Date.parse(stored[name] ?? ''),
  ]);
  return { ...stored, ...Object.fromEntries(dates), ...(timeline && { timeline: timeline.map(toEntry) }) };
}

/** A whole message as it is first stored, without its key. */
export function toItem(message: Message): Record<string, unknown> {
  const { media, channelMessageIds, ...rest } = message;
  return {
    ...toAttributes(rest),
    ...(media.length > 0 && { media }),
    ...(channelMessageIds.length > 0 && { channelMessageIds }),
  };
}

/** The reverse, of an item with its key. Throws for one that is no message. */
export function fromItem(item: Record<string, unknown>): Message {
  const { timeline: entries, ...stored } = fromAttributes(item);
  const timeline = (entries as string[]).map(fromEntry);
  const [dateCreated, dateUpdated] = [timeline.at(0)?.at, timeline.at(-1)?.at];
  return messageSchema.parse({ ...stored, timeline, dateCreated, dateUpdated });
}

/** What stands in some attributes of an item with its key, but for the timeline. */
export function fromAttributes(item: Record<string, unknown>): Record<string, unknown> {
  const dates = DATES.filter((name) => item[name] !== undefined).map((name) => [name, toIso(Number(item[name]))]);
  return { ...item, ...Object.fromEntries(dates), accountSid: String(item['pk']).split('#')[0] };
}

/** `mia9x3k2Dsending {"attempt":2}`: when (ms, to the base 36), by which stage, what, and the facts if there are any. */
export function toEntry({ at, by, event, detail }: TimelineEntry): string {
  return `${Date.parse(at).toString(36)}${LETTERS[by]}${event}${detail ? ` ${JSON.stringify(detail)}` : ''}`;
}

function fromEntry(text: string): Record<Exclude<keyof TimelineEntry, 'detail'>, unknown> {
  const { at = '', by = '', event, detail } = ENTRY.exec(text)?.groups ?? {};
  return {
    at: toIso(Number.parseInt(at, 36)),
    event,
    by: STAGES.get(by),
    ...(detail !== undefined && { detail: JSON.parse(detail) }),
  };
}

const toIso = (ms: number) => new Date(ms).toISOString();
