import { type Form, single } from './form.ts';
import { sidPattern, sidTime } from './sid.ts';
import { dayOf, parseDate } from './twilio-date.ts';
import { TwilioError } from './twilio-error.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;
const FILTERS = ['To', 'From', 'DateSent', 'DateSent<', 'DateSent>'] as const;

/** A page of messages that is asked for. Times are ms since the epoch, both inclusive. */
export interface MessageListRequest {
  to?: string;
  from?: string;
  createdFrom?: number;
  createdTo?: number;
  /** The last message of the page before. */
  before?: string;
  page: number;
  pageSize: number;
  /** The filters as given, to be repeated in the pages' addresses. */
  filters: [name: string, value: string][];
}

/**
 * Reads the query of a `GET Messages`. Dates filter by the message's creation: messages are kept in that order, and one
 * that is still waiting has no date sent. `DateSent<` and `DateSent>` take a day as its first instant.
 */
export function parseMessageList(query: Form): MessageListRequest {
  const filters = FILTERS.flatMap((name): [string, string][] => {
    const value = single(query, name);
    return value === undefined ? [] : [[name, value]];
  });
  const given = new Map(filters);
  const before = pageToken(single(query, 'PageToken'));
  return {
    to: given.get('To'),
    from: given.get('From'),
    ...period(given),
    before,
    page: pageNumber(single(query, 'Page'), before !== undefined),
    pageSize: pageSize(single(query, 'PageSize')),
    filters,
  };
}

/** Whether no message can be in the asked-for range, so that the store need not be asked. */
export function isEmptyRange({ createdFrom = 0, createdTo, before }: MessageListRequest): boolean {
  const end = Math.min(createdTo ?? Number.POSITIVE_INFINITY, before ? sidTime(before) : Number.POSITIVE_INFINITY);
  return createdFrom > end;
}

function period(given: ReadonlyMap<string, string>): { createdFrom?: number; createdTo?: number } {
  const day = instant(given, 'DateSent');
  const after = instant(given, 'DateSent>');
  const until = instant(given, 'DateSent<');
  const from = [day === undefined ? undefined : dayOf(day).from, after].filter((at) => at !== undefined);
  const to = [day === undefined ? undefined : dayOf(day).to, until].filter((at) => at !== undefined);
  return {
    ...(from.length > 0 && { createdFrom: Math.max(...from) }),
    ...(to.length > 0 && { createdTo: Math.min(...to) }),
  };
}

function instant(given: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const at = parseDate(text);
  if (at === undefined) throw new TwilioError(20422, `The '${name}' parameter is not a date.`);
  return at;
}

function pageSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE_SIZE;
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > MAX_PAGE_SIZE) {
    throw new TwilioError(20007, `The 'PageSize' parameter must be from 1 to ${MAX_PAGE_SIZE}.`);
  }
  return size;
}

// A page is found by the message it follows, so a number alone says nothing; the first page needs no token.
function pageNumber(text: string | undefined, hasToken: boolean): number {
  if (text === undefined) return hasToken ? 1 : 0;
  if (!/^\d{1,9}$/.test(text)) throw new TwilioError(20422, "The 'Page' parameter must be a number.");
  const page = Number(text);
  if (page > 0 && !hasToken) {
    throw new TwilioError(20422, "A 'Page' other than the first needs its 'PageToken': follow next_page_uri.");
  }
  return page;
}

function pageToken(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const sid = text.slice(2).replace(/[0-9A-F]+$/, (digits) => digits.toLowerCase());
  if (!text.startsWith('PA') || !sidPattern('SM', 'MM').test(sid)) {
    throw new TwilioError(20422, "The 'PageToken' parameter is not one that this API gave.");
  }
  return sid;
}
