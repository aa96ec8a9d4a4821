import { setTimeout as delay } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import type { QueuedTask } from '../../lambdas/platform/queues.ts';

/** What a call to SQS takes, in ms. */
const CALL_MS = 15;

interface Kept {
  body: string;
  group: string;
  visibleAt: number;
  receives: number;
}

/**
 * A FIFO queue in memory, with what SQS does that matters here: of a group nothing is handed out while a message of it is
 * hidden, hiding takes whole seconds, and every call takes its time. An emulator over HTTP does not hand out 250 a second.
 */
export class Queue {
  readonly #entries = new Map<string, Kept>();
  #count = 0;
  /** How often messages were handed out. */
  receives = 0;

  get size(): number {
    return this.#entries.size;
  }

  async send(tasks: readonly QueuedTask[]): Promise<void> {
    for (let at = 0; at < tasks.length; at += 10) await delay(CALL_MS);
    this.add(tasks);
  }

  /** The same in no time, for what was sent before the drain. */
  add(tasks: readonly QueuedTask[]): void {
    for (const { task, group } of tasks) {
      this.#count += 1;
      this.#entries.set(`m${this.#count}`, { body: JSON.stringify(task), group, visibleAt: 0, receives: 0 });
    }
  }

  /** Up to ten, hidden for as long as a function may take; waits a moment when there are none. */
  async receive(): Promise<SQSRecord[]> {
    await delay(CALL_MS);
    const now = Date.now();
    const busy = new Set<string>();
    const found: SQSRecord[] = [];
    for (const [id, entry] of this.#entries) {
      if (found.length === 10) break;
      const isHidden = entry.visibleAt > now;
      if (!isHidden && !busy.has(entry.group)) found.push(this.#handOut(id, entry, now));
      else busy.add(entry.group);
    }
    if (found.length === 0) await delay(CALL_MS);
    return found;
  }

  hide(messages: readonly { receiptHandle: string; seconds: number }[]): void {
    for (const { receiptHandle, seconds } of messages) {
      const entry = this.#entries.get(receiptHandle);
      if (entry) entry.visibleAt = Date.now() + Math.max(0, Math.ceil(seconds)) * 1_000;
    }
  }

  async delete(ids: readonly string[]): Promise<void> {
    await delay(CALL_MS);
    for (const id of ids) this.#entries.delete(id);
  }

  #handOut(id: string, entry: Kept, now: number): SQSRecord {
    entry.visibleAt = now + 360_000;
    entry.receives += 1;
    this.receives += 1;
    return {
      messageId: id,
      receiptHandle: id,
      body: entry.body,
      attributes: {
        ApproximateReceiveCount: String(entry.receives),
        ApproximateFirstReceiveTimestamp: '0',
        SenderId: '',
        SentTimestamp: '0',
        MessageGroupId: entry.group,
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: '',
      awsRegion: '',
    };
  }
}
