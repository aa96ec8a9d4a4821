import { type Form, single } from './form.ts';
import { sidPattern } from './sid.ts';
import { TwilioError } from './twilio-error.ts';
import { SENDERS_PATH } from './twilio-sender.ts';

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 1_000;

export interface SenderListRequest {
  /** A scheme without colon, or a channel's name. */
  channel: string;
  pageSize: number;
  page: number;
  /** The SID of the last sender of the page before. */
  after?: string;
}

/** Reads the query of a `GET Senders`; `Channel` is required, as on Twilio. */
export function parseSenderList(query: Form): SenderListRequest {
  const channel = single(query, 'Channel');
  if (channel === undefined) throw new TwilioError(20422, "The 'Channel' parameter is required.");
  const pageSize = Number(single(query, 'PageSize') ?? DEFAULT_PAGE_SIZE);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw new TwilioError(20007, `The 'PageSize' parameter must be from 1 to ${MAX_PAGE_SIZE}.`);
  }
  const after = single(query, 'PageToken')?.replace(/^PA/, '');
  if (after !== undefined && !sidPattern('XE').test(after)) {
    throw new TwilioError(20422, "The 'PageToken' parameter is not one that this API gave.");
  }
  const page = Number(single(query, 'Page') ?? (after === undefined ? 0 : 1));
  if (!Number.isInteger(page) || page < 0 || (page > 0 && after === undefined)) {
    throw new TwilioError(20422, "A 'Page' other than the first needs its 'PageToken': follow next_page_url.");
  }
  return { channel, pageSize, page, ...(after !== undefined && { after }) };
}

/** The part of `senders` (in the order of their SIDs) that is asked for, in the envelope of Twilio's newer APIs. */
export function senderPage<Row extends { sid: string }>(
  senders: readonly Row[],
  asked: SenderListRequest,
  baseUrl: string,
) {
  const { channel, pageSize, page, after } = asked;
  const start = after === undefined ? 0 : senders.filter(({ sid }) => sid <= after).length;
  const rows = senders.slice(start, start + pageSize);
  const last = rows.at(-1);
  const url = (number: number, token?: string) =>
    `${baseUrl}${SENDERS_PATH}?${new URLSearchParams({
      Channel: channel,
      PageSize: String(pageSize),
      Page: String(number),
      ...(token !== undefined && { PageToken: `PA${token}` }),
    })}`;
  const before = senders[start - pageSize - 1];
  return {
    senders: rows,
    meta: {
      page,
      page_size: pageSize,
      first_page_url: url(0),
      previous_page_url: page === 0 ? null : url(page - 1, before?.sid),
      url: url(page, after),
      next_page_url: last && start + pageSize < senders.length ? url(page + 1, last.sid) : null,
      key: 'senders',
    },
  };
}
