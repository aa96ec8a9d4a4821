import type { ScheduledEntry, ScheduleStore } from '../platform/stores/schedule.ts';
import { MESSAGE_SHARDS } from '../platform/table.ts';

/** Entries of one list that are read at once. */
const PAGE = 50;

/** One of the lists, as far as it has been read. */
interface List {
  shard: string;
  /** Read, and not given out yet. */
  read: ScheduledEntry[];
  last?: ScheduledEntry;
  isAtEnd: boolean;
}

/**
 * What is due of all lists, oldest first, in portions: the lists are read as far as needed, so what is given out next is never older
 * than what was given out before. With nothing due, each list is asked once.
 */
export async function* dueEntries(
  schedule: Pick<ScheduleStore, 'due'>,
  now: number,
): AsyncGenerator<readonly ScheduledEntry[]> {
  const lists = MESSAGE_SHARDS.map((shard): List => ({ shard, read: [], isAtEnd: false }));
  for (;;) {
    await Promise.all(lists.map((list) => readOn(list, schedule, now)));
    // Of a list that goes on, only what comes before the end of its page is known.
    const ends = lists.flatMap(({ isAtEnd, read }) => (isAtEnd ? [] : read.slice(-1)));
    const [end] = ends.sort(inOrder);
    const portion = lists.flatMap((list) => takeUntil(list, end)).sort(inOrder);
    if (portion.length === 0) return;
    yield portion;
  }
}

async function readOn(list: List, schedule: Pick<ScheduleStore, 'due'>, now: number): Promise<void> {
  if (list.isAtEnd || list.read.length > 0) return;
  list.read = await schedule.due(list.shard, now, PAGE, list.last);
  const last = list.read.at(-1);
  if (last) list.last = last;
  list.isAtEnd = list.read.length < PAGE;
}

function takeUntil(list: List, end: ScheduledEntry | undefined): ScheduledEntry[] {
  const isLater = (entry: ScheduledEntry) => end !== undefined && inOrder(entry, end) > 0;
  const index = list.read.findIndex(isLater);
  return list.read.splice(0, index === -1 ? list.read.length : index);
}

/** By time, and those of one time in the order in which their messages were accepted. */
function inOrder(left: ScheduledEntry, right: ScheduledEntry): number {
  const [one, other] = [left.messageSid.slice(2), right.messageSid.slice(2)];
  if (left.at !== right.at || one === other) return left.at - right.at;
  return one < other ? -1 : 1;
}
