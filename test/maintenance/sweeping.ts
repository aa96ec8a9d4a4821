import { vi } from 'vitest';
import type { Channel } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import { isOnline, type Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { CallbackTask } from '../../lambdas/domain/tasks.ts';
import type { SweepDependencies } from '../../lambdas/maintenance/sweep.ts';
import type { QueuedTask } from '../../lambdas/platform/queues.ts';
import { startAws } from '../support/aws.ts';

/** How long SQS remembers the id of a task, in ms. */
const REMEMBERED_MS = 300_000;

/** Half past a minute, so that a few seconds more or less are the same one. */
const START = Date.parse('2026-11-22T22:14:30Z');

const TABLE = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
};

/** The sweep over a real table, with a queue that is a list, and a clock that stands still until it is told. */
export async function startSweeping() {
  const aws = await startAws();
  const [
    { sweep },
    { AbandonedBacklogs },
    { AbandonedBacklogStore },
    { dynamo },
    { ActivityStore },
    { BacklogStore },
    { MessageStore },
  ] = await Promise.all([
    import('../../lambdas/maintenance/sweep.ts'),
    import('../../lambdas/maintenance/fail-abandoned.ts'),
    import('../../lambdas/platform/stores/abandoned-backlogs.ts'),
    import('../../lambdas/platform/clients.ts'),
    import('../../lambdas/platform/stores/activity.ts'),
    import('../../lambdas/platform/stores/backlogs.ts'),
    import('../../lambdas/platform/stores/messages.ts'),
  ]);
  const [{ ScheduleStore }, { SenderStore }, { WindowStore }, { Admission }, { BacklogReleaser }, { expireInBacklog }] =
    await Promise.all([
      import('../../lambdas/platform/stores/schedule.ts'),
      import('../../lambdas/platform/stores/senders.ts'),
      import('../../lambdas/platform/stores/windows.ts'),
      import('../../lambdas/outbound/admission.ts'),
      import('../../lambdas/outbound/release-backlog.ts'),
      import('../../lambdas/outbound/expire-in-backlog.ts'),
    ]);
  const calls = vi.spyOn(dynamo, 'send');
  let tables = 0;
  const open = (table: string) => ({
    table,
    activity: new ActivityStore(table),
    messages: new MessageStore(table),
    schedule: new ScheduleStore(table),
    senders: new SenderStore(table),
    backlogs: new BacklogStore(table),
  });
  /** What requests to the API and Deliver work with. */
  let stores = open('');

  const state = {
    now: START,
    accountSid: newSid('AC', START),
    queued: [] as QueuedTask[],
    announced: [] as CallbackTask[],
  };
  const remembered = new Map<string, number>();
  const now = () => state.now;

  const channel = {
    name: 'stub',
    address: { scheme: 'stub:', parse: (text: string) => text, format: (address: string) => `stub:+${address}` },
    limits: { textLength: 100, rate: { perSecond: 1, burst: 1 } },
    window: undefined,
  } as Partial<Channel> as Channel;

  /** A function of its own: nothing that another one remembers, but the same table and queue. */
  function newFunction(): SweepDependencies {
    const own = open(stores.table);
    const { schedule, backlogs } = own;
    const enqueue = async (tasks: readonly QueuedTask[]) => {
      for (const task of tasks) {
        const isRepeated = (remembered.get(task.deduplicationId) ?? 0) > now();
        if (!isRepeated) state.queued.push(task);
        remembered.set(
          task.deduplicationId,
          isRepeated ? (remembered.get(task.deduplicationId) ?? 0) : now() + REMEMBERED_MS,
        );
      }
    };
    const due = {
      messages: own.messages,
      senders: own.senders,
      channel: () => channel,
      announce: async (task: CallbackTask) => void state.announced.push(task),
      now,
    };
    return {
      ...own,
      ...due,
      placing: { windows: new WindowStore(own.table), admission: new Admission(backlogs, now), backlogs },
      releaser: new BacklogReleaser({ backlogs, enqueue, now }),
      abandonedBacklogs: new AbandonedBacklogs({ ...due, abandoned: new AbandonedBacklogStore(own.table) }),
      enqueue,
      expire: (placed) => expireInBacklog(placed, schedule),
      random: () => 0,
    };
  }

  return {
    aws,
    state,
    channel,
    newFunction,
    stores: () => stores,

    /** One that resends nothing: no message that was scheduled is found that way, and looking takes most of the calls. */
    withoutResending: (): SweepDependencies => ({
      ...newFunction(),
      activity: { sweptUntil: async () => state.now, at: async () => [], setSweptUntil: async () => {} },
    }),

    /** Everything from the beginning; the last sweep has just ended. */
    async reset() {
      tables += 1;
      stores = open((await aws.dynamo.createTable(`sweep-${tables}`, TABLE)).ref);
      Object.assign(state, { now: START, queued: [], announced: [] });
      remembered.clear();
      // A table is there a moment after it was made.
      await vi.waitFor(() => stores.activity.setSweptUntil(START), { interval: 2 });
    },

    /** One call of the function. */
    sweep: (dependencies = newFunction(), remainingMs = () => 55_000) => sweep(remainingMs, dependencies),

    /** What accepting a message leaves when it is cut off before the queue, or for a time to come. */
    async store(overrides: Partial<Message> = {}): Promise<Message> {
      const sid = overrides.sid ?? newSid('SM', state.now);
      const at = new Date(state.now).toISOString();
      const message: Message = {
        sid,
        accountSid: state.accountSid,
        senderSid: `XE${sid.slice(2)}`,
        channel: 'stub',
        direction: 'outbound-api',
        from: '15550001111',
        to: '15552223333',
        body: 'Hi',
        media: [],
        status: 'queued',
        statusCallback: 'https://customer.example/status',
        dateCreated: at,
        dateUpdated: at,
        validUntil: new Date(state.now + 14_400_000).toISOString(),
        attempt: 0,
        channelMessageIds: [],
        timeline: [{ at, event: 'queued', by: 'api' }],
        ...overrides,
      };
      await stores.messages.insert(message);
      return message;
    },

    /** A message for `at` (ms since the epoch), with its entry. */
    async scheduleFor(at: number, overrides: Partial<Message> = {}): Promise<Message> {
      const message = await this.store({ status: 'scheduled', sendAt: new Date(at).toISOString(), ...overrides });
      await stores.schedule.add({ kind: 'send', accountSid: message.accountSid, messageSid: message.sid, at });
      return message;
    },

    async addSender(overrides: Partial<Sender> = {}): Promise<Sender> {
      const sid = newSid('XE', state.now);
      const sender: Sender = {
        sid,
        accountSid: state.accountSid,
        channel: 'stub',
        address: sid.slice(2),
        status: 'ONLINE',
        fields: {},
        secretId: '',
        webhookSecretHash: '',
        webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
        dateCreated: '',
        dateUpdated: '',
        ...overrides,
      };
      await stores.senders.create(sender);
      return sender;
    },

    read: async ({ accountSid, sid }: Message) => stores.messages.get(accountSid, sid),

    /** What a customer sees of a message's way: the timeline's events. */
    async events(message: Message): Promise<string[]> {
      return ((await stores.messages.get(message.accountSid, message.sid))?.timeline ?? []).map(({ event }) => event);
    },

    /** Takes everything from the queue as Deliver does. @returns the messages that were sent, in this order */
    async deliver(): Promise<string[]> {
      const sent: string[] = [];
      for (const { task } of state.queued.splice(0)) {
        const claimed = await stores.messages.claim(task, {
          entry: { at: new Date(now()).toISOString(), event: 'sending', by: 'deliver' },
          leaseUntil: now() + 30_000,
        });
        const sender = await stores.senders.get(task.accountSid, task.senderSid);
        if (claimed.changed && sender && isOnline(sender)) sent.push(task.messageSid);
      }
      return sent;
    },

    /** The next call to the table fails. */
    failNext: () => void calls.mockRejectedValueOnce(new Error('throttled')),

    /** How often the table was asked, by the command's name, while something was done. */
    async counting(work: () => Promise<unknown>): Promise<Record<string, number>> {
      calls.mockClear();
      await work();
      const names = calls.mock.calls.map(([command]) => command.constructor.name.replace('Command', ''));
      return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, of]) => [name, of.length]));
    },
  };
}

export class CutOff extends Error {}

/**
 * A function that is cut off after the `count`th thing it writes: that has its effect, and nothing comes after it.
 * @returns it, and whether it was cut off
 */
export function cutOffAfter(count: number, whole: SweepDependencies): { cut: SweepDependencies; wasCut(): boolean } {
  let done = 0;
  const isDead = () => done >= count;
  const wrap = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...input: unknown[]) => act(String(name), () => value.apply(target, input));
      },
    });
  async function act<T>(name: string, work: () => T): Promise<Awaited<T>> {
    if (isDead()) throw new CutOff();
    const result = await work();
    if (isDead()) throw new CutOff();
    if (!LOOKS.test(name)) done += 1;
    if (isDead()) throw new CutOff();
    return result;
  }
  const { placing } = whole;
  const cut: SweepDependencies = {
    ...whole,
    messages: wrap(whole.messages),
    schedule: wrap(whole.schedule),
    activity: wrap(whole.activity),
    backlogs: wrap(whole.backlogs),
    releaser: wrap(whole.releaser),
    placing: { windows: wrap(placing.windows), admission: wrap(placing.admission), backlogs: wrap(placing.backlogs) },
    enqueue: (tasks) => act('enqueue', () => whole.enqueue(tasks)),
    announce: (task) => act('announce', () => whole.announce(task)),
    expire: (placed) => act('expire', () => whole.expire(placed)),
  };
  return { cut, wasCut: isDead };
}

/** Calls that change nothing: being cut off after one is like being cut off before it. */
const LOOKS = /^(get|at|sweptUntil|unqueued|due|owners|contact|waiting)$/;
