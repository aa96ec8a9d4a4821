import { SQS } from './aws.ts';
import type { Message } from './senders.ts';

/** Places that may be in use between the oldest and the newest message. A power of two. */
const PLACES = 2 ** 22;

/**
 * An SQS FIFO queue: messages in the order they came, those of one group one at a time. Only the first 120,000 are looked at, and with
 * as many in flight none is handed out. A message that is hidden keeps its place.
 */
export class FifoQueue {
  /** In the queue, by place; `undefined` where it was deleted. */
  readonly #places = new Array<Message | undefined>(PLACES).fill(undefined);
  #nextPlace = 0;
  /** The last place that is looked at, and how many messages there are up to it. */
  #lookedAt = -1;
  #within = 0;
  /** Places of messages that may be handed out: a heap, the first one on top. */
  readonly #free: number[] = [];
  /** The last message of each group that has more than one message, or may have. */
  readonly #lastOfGroup = new Map<string, Message>();
  #size = 0;
  #inFlight = 0;

  get size(): number {
    return this.#size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many wait to be received, whether they are looked at or not. */
  get visible(): number {
    return this.#free.length;
  }

  /** @returns whether it may be received at once */
  push(message: Message): boolean {
    const place = this.#nextPlace;
    this.#nextPlace += 1;
    if (this.#places[place % PLACES])
      throw new Error('The simulated queue has a message that is millions of messages old.');
    message.place = place;
    message.behind = undefined;
    this.#places[place % PLACES] = message;
    this.#size += 1;
    if (this.#within < SQS.looksAt) {
      this.#lookedAt = place;
      this.#within += 1;
    }
    if (message.group !== undefined) {
      const last = this.#lastOfGroup.get(message.group);
      this.#lastOfGroup.set(message.group, message);
      if (last) {
        last.behind = message;
        return false;
      }
    }
    this.#show(place);
    return true;
  }

  /** What a receive is given now, ten at most. */
  receive(): Message[] {
    const batch: Message[] = [];
    while (batch.length < SQS.batch && this.#inFlight < SQS.inFlight) {
      const place = this.#free[0];
      if (place === undefined || place > this.#lookedAt) break;
      this.#takeFirst();
      const message = this.#places[place % PLACES];
      if (!message) throw new Error('The simulated queue handed out a deleted message.');
      message.receives += 1;
      this.#inFlight += 1;
      batch.push(message);
    }
    return batch;
  }

  /** Its time of being hidden is over. */
  reappear(message: Message): void {
    this.#inFlight -= 1;
    this.#show(message.place);
  }

  delete(message: Message): void {
    const { place, group, behind } = message;
    this.#places[place % PLACES] = undefined;
    this.#size -= 1;
    this.#inFlight -= 1;
    if (place <= this.#lookedAt) this.#lookFurther();
    if (group !== undefined && this.#lastOfGroup.get(group) === message) this.#lastOfGroup.delete(group);
    if (behind) this.#show(behind.place);
  }

  #lookFurther(): void {
    this.#within -= 1;
    while (this.#lookedAt + 1 < this.#nextPlace && this.#within < SQS.looksAt) {
      this.#lookedAt += 1;
      if (this.#places[this.#lookedAt % PLACES]) this.#within += 1;
    }
  }

  #show(place: number): void {
    const heap = this.#free;
    let at = heap.length;
    heap.push(place);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= place) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = place;
  }

  #takeFirst(): void {
    const heap = this.#free;
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1] ?? Number.POSITIVE_INFINITY) < (heap[child] ?? 0)) child += 1;
      const below = heap[child] ?? 0;
      if (below >= moved) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = moved;
  }
}
