import { DEAD_LETTER_QUEUES, type DeadLetterQueue } from './dead-letter.ts';
import { type Form, repeated, single } from './form.ts';
import { sidFloor, sidPattern } from './sid.ts';
import { parseDate } from './twilio-date.ts';
import { TwilioError } from './twilio-error.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;
/** How many letters one request may name. */
const MAX_SIDS = 1_000;
const FILTERS = ['Queue', 'Reason', 'DateCreatedAfter', 'DateCreatedBefore'] as const;

/** What letters must have in common. Times are ms since the epoch, both inclusive; a reason is a part of theirs. */
export interface DeadLetterFilters {
  queue?: DeadLetterQueue;
  reason?: string;
  createdFrom?: number;
  createdTo?: number;
}

/** A page of letters that is asked for. */
export interface DeadLetterListRequest extends DeadLetterFilters {
  /** The last letter of the page before. */
  after?: string;
  page: number;
  pageSize: number;
  /** The filters as given, to be repeated in the pages' addresses. */
  given: [name: string, value: string][];
}

/** Letters with which something is to be done: those named, or those that the filters find. `after` is where to go on. */
export type DeadLetterSelection =
  | { sids: string[]; after?: string }
  | { filters: DeadLetterFilters & { createdTo: number }; after?: string };

/** Reads the query of a `GET DeadLetters`. */
export function parseDeadLetterList(query: Form): DeadLetterListRequest {
  const given = givenFilters(query);
  const token = single(query, 'PageToken');
  const after = token === undefined ? undefined : letterSid(token.replace(/^PA/, ''), 'PageToken');
  return {
    ...filtersOf(new Map(given)),
    ...(after !== undefined && { after }),
    page: pageNumber(single(query, 'Page'), after !== undefined),
    pageSize: pageSize(single(query, 'PageSize')),
    given,
  };
}

/**
 * Reads which letters to redrive or drop: `Sids`, or the filters of a list; all of them only with `All=true`. What is buried after
 * the first request is not meant, or what fails again at once would be redriven for ever.
 */
export function parseDeadLetterSelection(form: Form, now: number): DeadLetterSelection {
  const sids = repeated(form, 'Sids').map((sid) => letterSid(sid, 'Sids'));
  const given = givenFilters(form);
  const all = single(form, 'All');
  if (all !== undefined && all !== 'true') throw new TwilioError(20422, "The 'All' parameter can only be 'true'.");
  const { after, until } = selectionToken(single(form, 'PageToken')) ?? { until: now };
  const position = after === undefined ? {} : { after };
  if (sids.length > 0) {
    if (given.length > 0 || all) throw new TwilioError(20422, "'Sids' cannot be combined with filters or with 'All'.");
    if (sids.length > MAX_SIDS) throw new TwilioError(20422, `At most ${MAX_SIDS} 'Sids' can be given at once.`);
    return { sids: [...new Set(sids)].sort(), ...position };
  }
  if (given.length === 0 && !all) {
    throw new TwilioError(
      20422,
      `Say which: 'Sids', one of ${FILTERS.join(', ')}, or 'All=true' for every dead letter.`,
    );
  }
  const filters = filtersOf(new Map(given));
  return { filters: { ...filters, createdTo: Math.min(filters.createdTo ?? until, until) }, ...position };
}

/** The token that a selection goes on with. */
export function selectionTokenOf(selection: DeadLetterSelection, after: string): string {
  return `PA${after}${sidFloor('sids' in selection ? 0 : selection.filters.createdTo)}`;
}

/** A letter's SID as it is stored; undefined for what is none. */
export function parseLetterSid(text: string): string | undefined {
  return sidPattern('DL').test(text) ? `DL${text.slice(2).toLowerCase()}` : undefined;
}

function selectionToken(token: string | undefined): { after: string; until: number } | undefined {
  if (token === undefined) return undefined;
  const [, sid = '', until = ''] = /^PA(DL[0-9a-f]{32})([0-9a-f]{12})$/.exec(token) ?? [];
  return { after: letterSid(sid, 'PageToken'), until: Number.parseInt(until, 16) };
}

function givenFilters(form: Form): [string, string][] {
  return FILTERS.flatMap((name): [string, string][] => {
    const value = single(form, name);
    return value === undefined ? [] : [[name, value]];
  });
}

function filtersOf(given: ReadonlyMap<string, string>): DeadLetterFilters {
  const reason = given.get('Reason');
  const queue = given.get('Queue');
  const known = DEAD_LETTER_QUEUES.find((name) => name === queue?.toLowerCase());
  if (queue !== undefined && !known) {
    throw new TwilioError(20422, `The 'Queue' parameter must be one of ${DEAD_LETTER_QUEUES.join(', ')}.`);
  }
  const createdFrom = instant(given, 'DateCreatedAfter');
  const createdTo = instant(given, 'DateCreatedBefore');
  return {
    ...(known && { queue: known }),
    ...(reason !== undefined && { reason }),
    ...(createdFrom !== undefined && { createdFrom }),
    ...(createdTo !== undefined && { createdTo }),
  };
}

function instant(given: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const at = parseDate(text);
  if (at === undefined) throw new TwilioError(20422, `The '${name}' parameter is not a date.`);
  return at;
}

function letterSid(text: string, parameter: string): string {
  const sid = parseLetterSid(text);
  if (sid !== undefined) return sid;
  throw new TwilioError(
    20422,
    parameter === 'PageToken'
      ? "The 'PageToken' parameter is not one that this API gave."
      : `The '${parameter}' parameter holds what is not the SID of a dead letter.`,
  );
}

function pageSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE_SIZE;
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new TwilioError(20007, `The 'PageSize' parameter must be from 1 to ${MAX_PAGE_SIZE}.`);
}

function pageNumber(text: string | undefined, hasToken: boolean): number {
  if (text === undefined) return hasToken ? 1 : 0;
  if (!/^\d{1,9}$/.test(text)) throw new TwilioError(20422, "The 'Page' parameter must be a number.");
  if (Number(text) === 0 || hasToken) return Number(text);
  throw new TwilioError(20422, "A 'Page' other than the first needs its 'PageToken': follow next_page_url.");
}
