import { type DeadLetterSummary, type KeptDeadLetter, queueOf, sidOrNull } from './dead-letter.ts';
import type { DeadLetterListRequest } from './dead-letter-list.ts';
import { describePayload } from './dead-letter-payload.ts';

export const DEAD_LETTERS_PATH = '/v1/DeadLetters';

/** A letter as the API shows it, in the manner of Twilio's newer APIs. `reason` was made fit to be shown when it was kept. */
export function toDeadLetter(letter: DeadLetterSummary, baseUrl: string) {
  return {
    sid: letter.sid,
    account_sid: sidOrNull(letter.accountSid, 'AC'),
    kind: letter.kind,
    queue: queueOf(letter),
    reason: letter.reason,
    sender_sid: sidOrNull(letter.senderSid, 'XE'),
    message_sid: sidOrNull(letter.messageSid, 'SM', 'MM'),
    date_created: letter.at.replace(/\.\d+Z$/, 'Z'),
    url: `${baseUrl}${DEAD_LETTERS_PATH}/${letter.sid}`,
  };
}

/** The same, and what may be told of what it is about. */
export function toDeadLetterInFull(letter: KeptDeadLetter, baseUrl: string) {
  return { ...toDeadLetter(letter, baseUrl), payload: describePayload(letter) };
}

/**
 * A page of letters, newest first, in the envelope of Twilio's newer APIs. There is no way back but to the first page
 * (`previous_page_url` is null further on): tokens lead forward only.
 * @param next the letter that the next page follows; undefined on the last page
 */
export function deadLetterPage(
  letters: readonly DeadLetterSummary[],
  { page, pageSize, after, given }: DeadLetterListRequest,
  next: string | undefined,
  baseUrl: string,
) {
  const url = (number: number, token?: string) => {
    const query = new URLSearchParams([...given, ['PageSize', String(pageSize)], ['Page', String(number)]]);
    if (token !== undefined) query.set('PageToken', `PA${token}`);
    return `${baseUrl}${DEAD_LETTERS_PATH}?${query}`;
  };
  return {
    dead_letters: letters.map((letter) => toDeadLetter(letter, baseUrl)),
    meta: {
      page,
      page_size: pageSize,
      first_page_url: url(0),
      previous_page_url: page === 1 ? url(0) : null,
      url: url(page, after),
      next_page_url: next === undefined ? null : url(page + 1, next),
      key: 'dead_letters',
    },
  };
}
