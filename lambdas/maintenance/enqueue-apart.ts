import type { QueuedTask } from '../platform/queues.ts';
import { inLanes } from './lanes.ts';

/** Calls to the queue at a time. */
const LANES = 8;

/** Queues tasks in this order; throws unless all were taken. */
export type Enqueue = (tasks: readonly QueuedTask[]) => Promise<void>;

/**
 * Queues many tasks with several calls at a time, those of one conversation in their order.
 * @returns those that the queue has taken, and why it did not take the others; of these some may be in the queue
 */
export async function enqueueApart(
  tasks: readonly QueuedTask[],
  enqueue: Enqueue,
): Promise<{ queued: QueuedTask[]; errors: Error[] }> {
  const queued: QueuedTask[] = [];
  const errors: Error[] = [];
  // No conversation is in two portions. Its group is a hash, so the portions are about the same size.
  const portions = Map.groupBy(tasks, ({ group }) => Number.parseInt(group.slice(0, 4), 16) % LANES);
  await inLanes([...portions.values()], LANES, async (portion) => {
    try {
      await enqueue(portion);
      queued.push(...portion);
    } catch (error) {
      errors.push(error as Error);
    }
  });
  return { queued, errors };
}
