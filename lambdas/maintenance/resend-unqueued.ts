import { taskOf } from '../domain/message-task.ts';
import type { Clock } from '../platform/clock.ts';
import type { Activity, ActivityStore } from '../platform/stores/activity.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import { type Enqueue, enqueueApart } from './enqueue-apart.ts';
import { inLanes } from './lanes.ts';

export interface ResendDependencies {
  activity: Pick<ActivityStore, 'at' | 'sweptUntil' | 'setSweptUntil'>;
  messages: Pick<MessageStore, 'unqueued'>;
  enqueue: Enqueue;
  now: Clock;
}

const MINUTE_MS = 60_000;

/** What was looked through less than this before the last look is looked through again: longer than a request to the API may take. */
const OVERLAP_MS = 30_000;

/** Where a gateway that has never looked begins; what is older has no markers either. */
const FIRST_LOOK_MS = 10 * MINUTE_MS;

/** After an outage, so much at a time: what has been looked through is noted before the next piece. */
const PIECE_MS = 10 * MINUTE_MS;

/** Accounts looked at at a time. */
const LANES = 8;

/** The next piece is begun only with this much time left. */
const LEAST_TIME_MS = 10_000;

/**
 * Queues messages again that were stored and perhaps never queued, because the function that accepted them was cut off in between.
 * Looks through what was accepted since the last look, up to this moment, in the accounts that markers name. Most of what it finds is
 * in the queue already: SQS drops a second task with the same id, and after its five minutes delivery takes a message only once.
 * @returns how many tasks were queued
 */
export async function resendUnqueued(remainingMs: () => number, dependencies: ResendDependencies): Promise<number> {
  const { activity, now } = dependencies;
  const present = now();
  let from = (await activity.sweptUntil()) ?? present - FIRST_LOOK_MS;
  let count = 0;
  do {
    const to = Math.min(present, from + PIECE_MS);
    count += await resendBetween(from - OVERLAP_MS, to, dependencies);
    await activity.setSweptUntil(to);
    from = to;
  } while (from < present && remainingMs() > LEAST_TIME_MS);
  return count;
}

/** A stretch of time in which an account's messages had their SIDs made, ms since the epoch. */
interface Stretch {
  accountSid: string;
  from: number;
  to: number;
}

async function resendBetween(from: number, to: number, dependencies: ResendDependencies): Promise<number> {
  const { activity, messages, enqueue } = dependencies;
  const minutes = Array.from({ length: Math.floor(to / MINUTE_MS) - Math.floor(from / MINUTE_MS) + 1 }, (_, index) =>
    Math.min(to, from + index * MINUTE_MS),
  );
  const activities = (await Promise.all(minutes.map((minute) => activity.at(minute)))).flat();
  let count = 0;
  const troubles: Error[] = [];
  await inLanes(stretchesOf(activities, from, to), LANES, async (stretch) => {
    try {
      const found = await messages.unqueued(stretch.accountSid, stretch.from, stretch.to);
      const tasks = found.map((message) => ({ ...taskOf(message, to), deduplicationId: message.sid }));
      const { queued, errors } = await enqueueApart(tasks, enqueue);
      count += queued.length;
      troubles.push(...errors);
    } catch (error) {
      troubles.push(error as Error);
    }
  });
  // The next look begins where this one did.
  if (troubles.length > 0)
    throw new AggregateError(troubles, `${troubles.length} look-ups or calls to the queue failed.`);
  return count;
}

/** One stretch for each account; and one for each earlier minute whose SIDs were used only now. */
function stretchesOf(activities: readonly Activity[], from: number, to: number): Stretch[] {
  const stretches = activities.map(({ accountSid, madeAt }) =>
    madeAt === undefined ? { accountSid, from, to } : { accountSid, from: madeAt, to: madeAt + MINUTE_MS - 1 },
  );
  return [...new Map(stretches.map((stretch) => [JSON.stringify(stretch), stretch])).values()];
}
