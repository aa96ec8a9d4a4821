import type { DeadLetterSummary } from '../../domain/dead-letter.ts';
import { type DeadLetterSelection, selectionTokenOf } from '../../domain/dead-letter-list.ts';
import type { Clock } from '../../platform/clock.ts';
import type { DeadLetterStore } from '../../platform/stores/dead-letters.ts';

/** How long one request goes on, in ms: half of what its function may take. */
const LONG_ENOUGH_MS = 7_000;
/** Letters read, and handled, before the time is looked at. */
const CHUNK = 25;
/** Letters of different conversations that are handled at once. */
const LANES = 5;

/** A letter that is to be handled; of one that was named, nothing is known but that. */
export type SelectedLetter = Pick<DeadLetterSummary, 'sid'> & Partial<DeadLetterSummary>;

/**
 * Does something with every selected letter, oldest first: what is redriven keeps its order, as far as it had one. Stops after some
 * seconds.
 * @returns the token to go on with; undefined when all were handled
 */
export async function handleSelected(
  selection: DeadLetterSelection,
  accountSid: string,
  { letters, now }: { letters: Pick<DeadLetterStore, 'page'>; now: Clock },
  handle: (letter: SelectedLetter) => Promise<void>,
): Promise<string | undefined> {
  const end = now() + LONG_ENOUGH_MS;
  let after = selection.after;
  for (;;) {
    const chunk = await chunkOf(selection, accountSid, after, letters);
    await inConversations(chunk.letters, handle);
    if (chunk.next === undefined) return undefined;
    after = chunk.next;
    if (now() > end) return selectionTokenOf(selection, after);
  }
}

async function chunkOf(
  selection: DeadLetterSelection,
  accountSid: string,
  after: string | undefined,
  letters: Pick<DeadLetterStore, 'page'>,
): Promise<{ letters: SelectedLetter[]; next?: string }> {
  if ('filters' in selection) {
    return letters.page(accountSid, { ...selection.filters, order: 'oldest first', after, limit: CHUNK });
  }
  const left = selection.sids.filter((sid) => after === undefined || sid > after);
  const sids = left.slice(0, CHUNK);
  const last = sids.at(-1);
  return { letters: sids.map((sid) => ({ sid })), ...(last && left.length > CHUNK && { next: last }) };
}

/** Those of one sender, or of one message, one after the other; others at the same time. */
async function inConversations(
  letters: readonly SelectedLetter[],
  handle: (letter: SelectedLetter) => Promise<void>,
): Promise<void> {
  // Of letters that are only named nobody knows what they have to do with each other.
  const lanes = Map.groupBy(letters, ({ kind, senderSid, messageSid }) =>
    kind === undefined ? '' : `${kind} ${kind === 'callback' ? messageSid : senderSid}`,
  );
  const waiting = lanes.values();
  const worker = async () => {
    for (const lane of waiting) for (const letter of lane) await handle(letter);
  };
  await Promise.all(Array.from({ length: LANES }, worker));
}
