import type { KeptDeadLetter } from '../../domain/dead-letter.ts';
import { parseDeadLetterList, parseDeadLetterSelection, parseLetterSid } from '../../domain/dead-letter-list.ts';
import { DEAD_LETTERS_PATH, deadLetterPage, toDeadLetterInFull } from '../../domain/twilio-dead-letter.ts';
import { notFound, TwilioError } from '../../domain/twilio-error.ts';
import { gatewayUrl } from '../../platform/http-event.ts';
import { logger } from '../../platform/log.ts';
import type { DeadLetterStore } from '../../platform/stores/dead-letters.ts';
import { type ApiRequest, formOf, json, noContent, queryOf, type ResourceHandler } from '../http/request.ts';
import type { Resource } from '../http/routing.ts';
import { handleSelected } from './bulk.ts';
import { type RedriveDependencies, redriveLetter } from './redrive-letter.ts';

export interface DeadLetterDependencies extends RedriveDependencies {
  letters: Pick<DeadLetterStore, 'get' | 'page' | 'remove'>;
}

/** A letter that was left as it was, and why. */
interface Refusal {
  sid: string;
  code: number;
  message: string;
}

/** What gave up: listed, explained, redriven or dropped. Not in Twilio's API, but in the manner of its newer ones. */
export function deadLetterResources(dependencies: DeadLetterDependencies): Resource[] {
  return [
    { path: DEAD_LETTERS_PATH, methods: { GET: list(dependencies) } },
    // Before the SIDs, which these words look like.
    { path: `${DEAD_LETTERS_PATH}/Redrive`, methods: { POST: redriveMany(dependencies) } },
    { path: `${DEAD_LETTERS_PATH}/Drop`, methods: { POST: dropMany(dependencies) } },
    {
      path: `${DEAD_LETTERS_PATH}/{deadLetterSid}`,
      methods: { GET: fetchOne(dependencies), DELETE: drop(dependencies) },
    },
    { path: `${DEAD_LETTERS_PATH}/{deadLetterSid}/Redrive`, methods: { POST: redrive(dependencies) } },
  ];
}

/** `GET DeadLetters` → 200 with a page of letters, newest first. */
function list({ letters }: DeadLetterDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const asked = parseDeadLetterList(queryOf(event));
    const { queue, reason, createdFrom, createdTo, after, pageSize: limit } = asked;
    const query = { queue, reason, createdFrom, createdTo, after, limit, order: 'newest first' } as const;
    const page = await letters.page(account.sid, query);
    return json(200, deadLetterPage(page.letters, asked, page.next, gatewayUrl(event)));
  };
}

/** `GET DeadLetters/{sid}` → 200 with the letter and what may be told of its payload. */
function fetchOne(dependencies: DeadLetterDependencies): ResourceHandler {
  return async (request) => {
    const letter = await find(request, dependencies);
    return json(200, toDeadLetterInFull(letter, gatewayUrl(request.event)));
  };
}

/** `POST DeadLetters/{sid}/Redrive` → 200; 409 (20009) with the reason when it cannot be. */
function redrive(dependencies: DeadLetterDependencies): ResourceHandler {
  return async (request) => {
    const letter = await find(request, dependencies);
    const redriven = await redriveLetter(letter, request.account.sid, dependencies);
    const { sid, messageSid } = letter;
    return json(200, { sid, outcome: redriven.replace(' ', '-'), message_sid: messageSid ?? null });
  };
}

/** `POST DeadLetters/Redrive` → 200 with how many were, which could not be, and where to go on when more remain. */
function redriveMany(dependencies: DeadLetterDependencies): ResourceHandler {
  return async ({ event, account, requestSid }) => {
    const selection = parseDeadLetterSelection(formOf(event), dependencies.now());
    const counts = { redriven: 0, 'already sent': 0 };
    const refused: Refusal[] = [];
    const next = await handleSelected(selection, account.sid, dependencies, async ({ sid }) => {
      try {
        const letter = await dependencies.letters.get(account.sid, sid);
        if (!letter) throw new TwilioError(20404, 'There is no such dead letter.');
        counts[await redriveLetter(letter, account.sid, dependencies)] += 1;
      } catch (error) {
        refused.push(refusalOf(error, sid, requestSid));
      }
    });
    const { redriven, 'already sent': already_sent } = counts;
    return json(200, { redriven, already_sent, refused, ...progress(next) });
  };
}

/** `DELETE DeadLetters/{sid}` → 204. */
function drop(dependencies: DeadLetterDependencies): ResourceHandler {
  return async ({ event, account, parameters }) => {
    const sid = parseLetterSid(parameters['deadLetterSid'] ?? '');
    const removed = sid !== undefined && (await dependencies.letters.remove(account.sid, sid));
    if (!removed) throw notFound(event.rawPath);
    return noContent();
  };
}

/** `POST DeadLetters/Drop` → 200 with how many were dropped, and where to go on when more remain. */
function dropMany(dependencies: DeadLetterDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const selection = parseDeadLetterSelection(formOf(event), dependencies.now());
    let dropped = 0;
    const next = await handleSelected(selection, account.sid, dependencies, async ({ sid }) => {
      if (await dependencies.letters.remove(account.sid, sid)) dropped += 1;
    });
    return json(200, { dropped, ...progress(next) });
  };
}

const progress = (next: string | undefined) => ({ more: next !== undefined, next_page_token: next ?? null });

async function find(
  { event, account, parameters }: ApiRequest,
  { letters }: DeadLetterDependencies,
): Promise<KeptDeadLetter> {
  const sid = parseLetterSid(parameters['deadLetterSid'] ?? '');
  const letter = sid === undefined ? undefined : await letters.get(account.sid, sid);
  if (!letter) throw notFound(event.rawPath);
  return letter;
}

/** One letter's trouble does not stop the others; what went wrong here can be tried again. */
function refusalOf(error: unknown, sid: string, requestSid: string): Refusal {
  if (error instanceof TwilioError) return { sid, code: error.code, message: error.message };
  logger.error('a dead letter could not be redriven', { deadLetterSid: sid, requestSid, error: error as Error });
  return { sid, code: 20500, message: 'An internal server error has occurred; try again.' };
}
