import type { SQSRecord } from 'aws-lambda';
import type { Channel } from '../../lambdas/channels/types.ts';
import { earlyBy } from '../../lambdas/domain/backlog.ts';
import { intervalOf } from '../../lambdas/domain/pacing.ts';
import { backoffSeconds } from '../../lambdas/domain/retry.ts';
import type { Sender as StoredSender } from '../../lambdas/domain/sender.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { BacklogReleaser } from '../../lambdas/outbound/release-backlog.ts';
import { reserveSlots, type SlotDependencies } from '../../lambdas/outbound/reserve-slots.ts';
import { ReturnTimes } from '../../lambdas/outbound/return-times.ts';
import type { QueuedTask } from '../../lambdas/platform/queues.ts';
import { LAMBDA, LATENCY, MEASURED, SQS } from './aws.ts';
import type { FifoQueue } from './fifo-queue.ts';
import { Latency, type Random } from './random.ts';
import { Remembered, SECRET_REMEMBERED_MS, SENDER_REMEMBERED_MS } from './remembered.ts';
import type { Campaign, Message, Sender } from './senders.ts';
import { PaceTable, type World } from './table.ts';
import { isCloud, Webhooks } from './webhooks.ts';

/** One environment of the Deliver function, and what it remembers. */
interface Environment {
  table: PaceTable;
  slots: SlotDependencies;
  releaser: BacklogReleaser;
  rememberedSenders: Remembered;
  rememberedSecrets: Remembered;
  lastUsed: number;
}

/** One invocation. */
interface Invocation {
  batch: Message[];
  environment: Environment;
  startedAt: number;
  endsAt: number;
  /** When its share of a processor is free. */
  computesUntil: number;
  /** What is deleted when it ends. */
  finished: Message[];
  /** Whose backlog is looked at when it ends. */
  releasing: Sender[];
}

/** A message that the queue does not show for so many seconds. */
interface Hidden {
  message: Message;
  seconds: number;
}

/** Senders of the simulation have a rate of their own, so their channel's is not asked for. */
const ANY_CHANNEL = { limits: { rate: { perSecond: 20, burst: 60 } } } as Pick<Channel, 'limits'>;

/** Of so many requests one gets an answer after which it is tried again later. */
const ONE_RETRY_IN = 1_000;

/**
 * The poller and the Deliver function: what `lambdas/outbound/deliver-batch.ts` does with a batch, with the real pacing, the real release of the
 * backlog, and the queue, the table and the provider as models.
 */
export class Delivery {
  readonly #world: World;
  readonly #queue: FifoQueue;
  readonly #random: Random;
  readonly #maxConcurrency: number;
  readonly #queueLatency: Latency;
  readonly #invokeLatency: Latency;
  readonly #coldStart: Latency;
  readonly #provider: Latency;
  readonly #network: Latency;
  readonly #secretLatency: Latency;
  /** Idle environments; the one used last is taken first. */
  readonly #environments: Environment[] = [];
  readonly #sweeper: Environment;
  readonly #webhooks: Webhooks;
  #pollers: number = LAMBDA.pollersAtRest;
  #busy = 0;
  #busiest = 0;
  #receiving = 0;

  constructor(world: World, queue: FifoQueue, random: Random, maxConcurrency: number) {
    this.#world = world;
    this.#queue = queue;
    this.#random = random;
    this.#maxConcurrency = maxConcurrency;
    this.#queueLatency = new Latency(random, LATENCY.queue);
    this.#invokeLatency = new Latency(random, LATENCY.invoke);
    this.#coldStart = new Latency(random, LATENCY.coldStart);
    this.#provider = new Latency(random, LATENCY.provider);
    this.#network = new Latency(random, LATENCY.network);
    this.#secretLatency = new Latency(random, LATENCY.secret);
    this.#sweeper = this.#createEnvironment();
    this.#webhooks = new Webhooks(world.meter, random);
    world.agenda.plan(1_000, this.#everySecond, undefined);
    world.agenda.plan(60_000, this.#everyMinute, undefined);
  }

  /** A message is in the queue. */
  readonly enqueued = (message: Message): void => {
    if (this.#queue.push(message)) this.#poll();
  };

  /** Lets pollers that wait receive, as many as what is there to be received keeps busy. */
  #poll(): void {
    while (this.#busy + this.#receiving < this.#pollers && this.#receiving * SQS.batch < this.#queue.visible) {
      this.#receiving += 1;
      this.#world.agenda.plan(this.#world.agenda.now + this.#queueLatency.draw(), this.#receive, undefined);
    }
  }

  readonly #receive = (): void => {
    const { agenda, meter } = this.#world;
    this.#receiving -= 1;
    const batch = this.#queue.receive();
    if (batch.length === 0) {
      meter.calls.emptyReceives += 1;
      return;
    }
    meter.calls.receives += 1;
    this.#busy += 1;
    this.#busiest = Math.max(this.#busiest, this.#busy);
    const environment = this.#takeEnvironment();
    let startsAt = agenda.now + this.#invokeLatency.draw();
    if (environment.lastUsed < 0) {
      meter.calls.coldStarts += 1;
      startsAt += this.#coldStart.draw();
    }
    agenda.plan(startsAt, this.#handle, {
      batch,
      environment,
      startedAt: startsAt,
      endsAt: startsAt,
      computesUntil: startsAt,
      finished: [],
      releasing: [],
    } satisfies Invocation);
  };

  readonly #handle = (invocation: Invocation): void => {
    const { agenda } = this.#world;
    const { batch } = invocation;
    const now = agenda.now;
    invocation.startedAt = now;
    invocation.endsAt = now;
    invocation.computesUntil = now + MEASURED.deliverBatch;
    const early: Hidden[] = [];
    const bySender = new Map<Sender, Message[]>();
    for (const message of batch) {
      const ms = earlyBy(message.dueAt, now);
      const ofSender = bySender.get(message.sender);
      if (ms > 0) early.push({ message, seconds: ms / 1_000 });
      else if (ofSender) ofSender.push(message);
      else bySender.set(message.sender, [message]);
    }
    this.#hide(early, invocation);
    let left = bySender.size;
    if (left === 0) agenda.plan(invocation.endsAt, this.#release, invocation);
    for (const [sender, messages] of bySender) {
      const reserved = this.#reserve(sender, messages, invocation).then(() => {
        left -= 1;
        if (left === 0) agenda.plan(invocation.endsAt, this.#release, invocation);
      });
      agenda.begin(reserved);
    }
  };

  /** Slots for one sender's messages. What becomes of those that get one is worked out at once. */
  async #reserve(sender: Sender, messages: readonly Message[], invocation: Invocation): Promise<void> {
    const { agenda } = this.#world;
    const { environment, releasing } = invocation;
    const byRecord = new Map(messages.map((message) => [recordOf(message), message]));
    const entries = [...byRecord].map(([record, message]) => ({ record, task: taskOf(message) }));
    const { go, wait, release } = await reserveSlots(entries, environment.slots);
    if (release) releasing.push(sender);
    for (const { record, slot } of go) {
      const message = byRecord.get(record);
      if (message) this.#send(message, Math.max(slot, agenda.now), invocation);
    }
    const hidden = wait.flatMap(({ record, seconds }): Hidden[] => {
      const message = byRecord.get(record);
      return message ? [{ message, seconds }] : [];
    });
    this.#hide(hidden, invocation);
  }

  /** SQS counts whole seconds, and from when it hears of it. */
  #hide(hidden: readonly Hidden[], invocation: Invocation): void {
    if (hidden.length === 0) return;
    const { agenda, meter } = this.#world;
    meter.calls.visibilityChanges += 1;
    const hiddenAt = agenda.now + this.#queueLatency.draw();
    invocation.endsAt = Math.max(invocation.endsAt, hiddenAt);
    const bySeconds = Map.groupBy(hidden, ({ seconds }) => Math.max(0, Math.ceil(seconds)));
    for (const [seconds, together] of bySeconds) {
      agenda.plan(
        hiddenAt + seconds * SQS.visibilityStepMs,
        this.#reappear,
        together.map(({ message }) => message),
      );
    }
  }

  /** One message, from its slot to the callback. */
  #send(message: Message, from: number, invocation: Invocation): void {
    const { agenda, meter, tableLatency } = this.#world;
    const { sender, campaign } = message;
    const { rememberedSenders, rememberedSecrets } = invocation.environment;
    if (rememberedSenders.isNew(sender.sid, from)) meter.reads.add(from);
    let readyAt = Math.max(from, invocation.computesUntil) + MEASURED.deliverBeforeSending;
    invocation.computesUntil = readyAt;
    if (rememberedSecrets.isNew(sender.sid, from)) {
      meter.calls.secretReads += 1;
      readyAt += this.#secretLatency.draw();
    }
    const sentAt = readyAt + tableLatency.draw();
    this.#writeMessage(sender, sentAt);
    message.attempt += 1;
    agenda.plan(sentAt + this.#network.draw(), this.#arrive, sender);
    const answeredAt = sentAt + this.#provider.draw() + MEASURED.deliverAfterwards;
    const recordedAt = answeredAt + tableLatency.draw();
    this.#writeMessage(sender, answeredAt);
    if (this.#random.integer(ONE_RETRY_IN) === 0) {
      meter.retries += 1;
      meter.calls.visibilityChanges += 1;
      invocation.endsAt = Math.max(invocation.endsAt, recordedAt);
      const seconds = backoffSeconds(message.attempt, () => this.#random.next());
      if (message.released) invocation.environment.table.postpone(sender);
      agenda.plan(recordedAt + seconds * 1_000, this.#reappear, [message]);
      return;
    }
    meter.sent(message, sentAt);
    sender.sent += 1;
    this.#webhooks.come(sender, sentAt);
    if (campaign) campaign.end = Math.max(campaign.end, sentAt);
    // Where a status does not bring our SID back, the channel's id is kept.
    if (!isCloud(sender)) meter.write(answeredAt);
    invocation.finished.push(message);
    // The callback is queued last.
    invocation.endsAt = Math.max(invocation.endsAt, recordedAt + this.#queueLatency.draw());
  }

  /** The provider's own limiter. */
  readonly #arrive = (sender: Sender): void => {
    const { rate } = sender;
    const now = this.#world.agenda.now;
    const start = Math.max(sender.providerTat, now);
    if (start > now + rate.burst * intervalOf(rate)) this.#world.meter.tooFast += 1;
    sender.providerTat = start + intervalOf(rate);
  };

  /** Whose batch is done releases what waits behind it: of all its senders at the same time. */
  readonly #release = (invocation: Invocation): void => {
    const { releasing, environment } = invocation;
    let left = releasing.length;
    if (left === 0) this.#finish(invocation);
    for (const sender of releasing) {
      const released = this.#releaseBacklog(environment, sender).then(() => {
        left -= 1;
        if (left === 0) this.#finish(invocation);
      });
      this.#world.agenda.begin(released);
    }
  };

  #finish({ environment, startedAt, finished }: Invocation): void {
    const { agenda, meter } = this.#world;
    meter.calls.invocations += 1;
    meter.calls.deliverMs += agenda.now - startedAt;
    environment.lastUsed = agenda.now;
    this.#environments.push(environment);
    if (finished.length > 0) {
      meter.calls.deletes += 1;
      agenda.plan(agenda.now + this.#queueLatency.draw(), this.#delete, finished);
    }
    this.#busy -= 1;
    this.#poll();
  }

  readonly #delete = (messages: Message[]): void => {
    for (const message of messages) this.#queue.delete(message);
    this.#poll();
  };

  readonly #reappear = (messages: Message[]): void => {
    for (const message of messages) this.#queue.reappear(message);
    this.#poll();
  };

  async #releaseBacklog({ releaser }: Environment, sender: Sender): Promise<void> {
    await releaser.release({ accountSid: sender.account.sid, senderSid: sender.sid }, sender.rate);
  }

  async #enqueue(tasks: readonly QueuedTask[]): Promise<void> {
    const { agenda, meter, senders } = this.#world;
    for (let at = 0; at < tasks.length; at += SQS.batch) {
      await agenda.sleep(this.#queueLatency.draw());
      meter.calls.sends += 1;
      for (const { task, group } of tasks.slice(at, at + SQS.batch)) {
        const sender = senders.get(task.senderSid);
        const entry = sender?.pace.backlog.get(Number(group));
        if (!sender || !entry) throw new Error('What was released is not in the simulated backlog.');
        this.enqueued({
          sender,
          kind: entry.kind,
          campaign: entry.kind === 'campaign' ? sender.running : undefined,
          acceptedAt: entry.acceptedAt,
          turn: entry.turn,
          dueAt: task.dueAt,
          released: true,
          attempt: 0,
          receives: 0,
          group: undefined,
          place: 0,
          behind: undefined,
        });
      }
    }
  }

  /** What the sweep does for backlogs that nobody delivers for. */
  readonly #everyMinute = (): void => {
    const { agenda, owners } = this.#world;
    const started = agenda.now;
    for (const sender of owners) agenda.begin(this.#releaseBacklog(this.#sweeper, sender));
    agenda.plan(started + 60_000, this.#everyMinute, undefined);
    // Pollers that nothing was there for go.
    this.#pollers = Math.max(LAMBDA.pollersAtRest, Math.min(this.#pollers, Math.ceil(this.#busiest * 1.5)));
    this.#busiest = this.#busy;
    const kept = this.#environments.filter(({ lastUsed }) => lastUsed > started - LAMBDA.keepsIdleMs);
    this.#environments.splice(0, this.#environments.length, ...kept);
  };

  readonly #everySecond = (): void => {
    const { agenda, meter } = this.#world;
    meter.running.add(agenda.now - 1, this.#busy);
    meter.greatestQueue = Math.max(meter.greatestQueue, this.#queue.size);
    meter.greatestInFlight = Math.max(meter.greatestInFlight, this.#queue.inFlight);
    const isIdle = this.#busy + this.#receiving < this.#pollers;
    if (isIdle && this.#queue.visible > 100) meter.starvedSeconds += 1;
    if (!isIdle && this.#queue.visible > 0) {
      this.#pollers = Math.min(this.#maxConcurrency, this.#pollers + LAMBDA.pollersPerMinute / 60);
      this.#poll();
    }
    meter.calls.emptyReceives += (this.#pollers - this.#busy) / (SQS.longPollMs / 1_000);
    agenda.plan(agenda.now + 1_000, this.#everySecond, undefined);
  };

  #writeMessage({ account }: Sender, at: number): void {
    this.#world.meter.write(at, '<account>#<digit>', account.shards[this.#random.integer(16)]);
  }

  #takeEnvironment(): Environment {
    return this.#environments.pop() ?? this.#createEnvironment();
  }

  #createEnvironment(): Environment {
    const table = new PaceTable(this.#world);
    const now = () => this.#world.agenda.now;
    const releaser = new BacklogReleaser({ backlogs: table, enqueue: (tasks) => this.#enqueue(tasks), now });
    const slots: SlotDependencies = {
      senders: { get: async (_, sid) => this.#world.senders.get(sid) as unknown as StoredSender },
      pacing: table,
      channel: () => ANY_CHANNEL,
      downFor: () => 0,
      returns: new ReturnTimes(() => this.#random.next()),
      now,
    };
    return {
      table,
      slots,
      releaser,
      rememberedSenders: new Remembered(SENDER_REMEMBERED_MS),
      rememberedSecrets: new Remembered(SECRET_REMEMBERED_MS),
      lastUsed: -1,
    };
  }
}

/** As much of an SQS record as slots are reserved by. */
function recordOf({ place, group }: Message): SQSRecord {
  return { messageId: String(place), attributes: { MessageGroupId: group ?? String(place) } } as SQSRecord;
}

function taskOf({ sender, place, kind, released }: Message): OutboundTask {
  return {
    accountSid: sender.account.sid,
    senderSid: sender.sid,
    messageSid: String(place),
    ...((kind === 'reply' || kind === 'rival') && { reply: true }),
    ...(released && { released: true }),
  };
}

/** Rate used ÷ rate allowed: how long a campaign would have taken at best, over how long it took. */
export function utilisationOf({ start, idealEnd, end }: Campaign): number {
  return (idealEnd - start) / (end - start);
}
