import type { SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../lambdas/channels/types.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { type BatchDependencies, deliverBatch } from '../../lambdas/outbound/deliver-batch.ts';
import { ReturnTimes } from '../../lambdas/outbound/return-times.ts';
import { again, done, type Handled } from '../../lambdas/platform/fifo-batch.ts';
import { HORIZON_MS, type Reservation } from '../../lambdas/platform/stores/pacing.ts';

const NOW = 1_700_000_000_000;
const RATE = { perSecond: 20, burst: 60 };

/** What happened, in order: `deliver a1`, `hide a2 7`, `release XE` … */
let happened: string[];
let answers: Record<string, () => Promise<Handled>>;
let reserve: (count: number, horizonMs: number | undefined) => Promise<Reservation>;
let downMs: number;

const idle = { hasBacklog: false, wantsRelease: false };
const slots = (count: number): Reservation => ({ slots: Array<number>(count).fill(0), ...idle });

beforeEach(() => {
  happened = [];
  answers = {};
  reserve = async (count) => slots(count);
  downMs = 0;
});

const record = (messageSid: string, group: string, task: Partial<OutboundTask> | string = {}) =>
  ({
    messageId: `id-${messageSid}`,
    receiptHandle: messageSid,
    body: typeof task === 'string' ? task : JSON.stringify({ accountSid: 'AC', senderSid: 'XE', messageSid, ...task }),
    attributes: { MessageGroupId: group },
  }) as SQSRecord;

const dependencies: BatchDependencies = {
  senders: {
    get: async (_, sid) =>
      sid === 'gone'
        ? undefined
        : ({ sid, accountSid: 'AC', channel: 'stub', fields: {} } as Partial<Sender> as Sender),
  },
  channel: () => ({ limits: { rate: RATE } }) as Partial<Channel> as Channel,
  pacing: {
    reserve: async (sender, count, _rate, _now, horizonMs, released) => {
      happened.push(`reserve ${sender} ${count} within ${horizonMs}${released ? `, ${released} released` : ''}`);
      return reserve(count, horizonMs);
    },
  },
  deliver: async ({ messageSid }) => {
    happened.push(`deliver ${messageSid}`);
    return (answers[messageSid] ?? (async () => done))();
  },
  release: async ({ senderSid }) => {
    happened.push(`release ${senderSid}`);
  },
  postpone: async (sender, count) => {
    happened.push(`postpone ${sender} ${count}`);
  },
  downFor: () => downMs,
  returns: new ReturnTimes(() => 0),
  bury: async ({ messageId }) => {
    happened.push(`bury ${messageId}`);
  },
  hide: async (messages) => {
    happened.push(...messages.map(({ receiptHandle, seconds }) => `hide ${receiptHandle} ${seconds}`));
  },
  now: () => NOW,
};

async function run(records: SQSRecord[], others: Partial<BatchDependencies> & { remainingMs?: number } = {}) {
  const { remainingMs = 60_000, ...changed } = others;
  const failures = await deliverBatch(records, () => remainingMs, {
    ...dependencies,
    returns: new ReturnTimes(() => 0),
    ...changed,
  });
  return failures.map(({ itemIdentifier }) => itemIdentifier).sort();
}
const things = (what: string) =>
  happened.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));

describe('a batch', () => {
  it('keeps a waiting task and every later one of its conversation, and delivers the others', async () => {
    answers['a2'] = async () => again(7);
    expect(await run([record('a1', 'A'), record('a2', 'A'), record('a3', 'A'), record('b1', 'B')])).toEqual([
      'id-a2',
      'id-a3',
    ]);
    expect(things('deliver').sort()).toEqual(['a1', 'a2', 'b1']);
    expect(things('hide')).toEqual(['a2 7', 'a3 7']);
  });

  it('keeps a task that an error interrupted, and touches no other conversation', async () => {
    answers['a1'] = () => Promise.reject(new Error('the table was throttled'));
    expect(await run([record('a1', 'A'), record('a2', 'A'), record('b1', 'B')])).toEqual(['id-a1', 'id-a2']);
    expect(things('deliver')).toContain('b1');
  });

  it('begins nothing that it may not finish', async () => {
    expect(await run([record('a1', 'A')], { remainingMs: 10_000 })).toEqual(['id-a1']);
    expect(things('deliver')).toEqual([]);
    expect(things('hide')).toEqual(['a1 0']);
  });

  it.each(['no json', '{"accountSid":"AC"}'])(
    'buries a task that cannot be read (%s) and delivers the rest',
    async (body) => {
      expect(await run([record('bad', 'A', body), record('a2', 'A')])).toEqual([]);
      expect(things('bury')).toEqual(['id-bad']);
      expect(things('deliver')).toEqual(['a2']);
    },
  );

  it('counts what a task waits for from when it was told, not from when the slowest of the batch was through', async () => {
    let now = NOW;
    answers['a1'] = async () => again(30);
    answers['b1'] = async () => {
      now += 12_000;
      return done;
    };
    await run([record('a1', 'A'), record('b1', 'B')], { now: () => now });
    expect(things('hide')).toEqual(['a1 18']);
  });

  it('returns the tasks of a sender whose slots cannot be asked for, and delivers those of another', async () => {
    const failing = {
      reserve: async (sender: string, count: number) =>
        sender === 'XE2' ? slots(count) : Promise.reject(new Error('throttled')),
    };
    const records = [record('a1', 'A'), record('b1', 'B', { senderSid: 'XE2' })];
    expect(await run(records, { pacing: failing })).toEqual(['id-a1']);
    expect(things('deliver')).toEqual(['b1']);
  });

  it('names what it could not hide all the same, and brings nothing back that was delivered', async () => {
    answers['a1'] = async () => again(7);
    const hide = () => Promise.reject(new Error('no queue'));
    expect(await run([record('a1', 'A'), record('b1', 'B')], { hide })).toEqual(['id-a1']);
  });
});

describe('a task whose turn is far', () => {
  const early = { dueAt: NOW + 9_000 };

  it('is hidden until a second before, without a slot and before anything else, with what follows it', async () => {
    const failures = await run([record('a1', 'A', early), record('a2', 'A'), record('b1', 'B')]);
    expect(failures).toEqual(['id-a1', 'id-a2']);
    expect(happened).toEqual(['hide a1 8', 'hide a2 8', `reserve XE 1 within ${HORIZON_MS.campaign}`, 'deliver b1']);
  });

  it.each([
    ['near', NOW + 2_000],
    ['past', NOW - 60_000],
    ['not given', undefined],
  ])('is delivered when its turn is %s', async (_label, dueAt) => {
    expect(await run([record('a1', 'A', { dueAt })])).toEqual([]);
    expect(things('deliver')).toEqual(['a1']);
  });
});

describe('slots', () => {
  it('are asked for once for replies, and once for campaigns, of each sender', async () => {
    await run([
      record('a1', 'A'),
      record('b1', 'B', { reply: true }),
      record('c1', 'C', { released: true }),
      record('d1', 'D', { senderSid: 'XE2', reply: true }),
    ]);
    expect(things('reserve').sort()).toEqual([
      `XE 1 within ${HORIZON_MS.reply}`,
      `XE 2 within ${HORIZON_MS.campaign}, 1 released`,
      `XE2 1 within ${HORIZON_MS.reply}`,
    ]);
  });

  it('of a reply are also for what stands before it in its conversation, which it cannot pass', async () => {
    await run([record('a1', 'A'), record('a2', 'A', { reply: true }), record('a3', 'A'), record('b1', 'B')]);
    expect(things('reserve')).toEqual([`XE 2 within ${HORIZON_MS.reply}`, `XE 2 within ${HORIZON_MS.campaign}`]);
    expect(things('deliver').filter((sid) => sid.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  });

  it('that replies got are used when there are none for campaigns', async () => {
    reserve = async (count, horizonMs) => (horizonMs === HORIZON_MS.reply ? slots(count) : { waitMs: 700, ...idle });
    expect(await run([record('a1', 'A'), record('b1', 'B', { reply: true })])).toEqual(['id-a1']);
    expect(things('deliver')).toEqual(['b1']);
  });

  it('are not asked for campaigns when replies found none', async () => {
    reserve = async () => ({ waitMs: 700, ...idle });
    expect(await run([record('a1', 'A'), record('b1', 'B', { reply: true })])).toEqual(['id-a1', 'id-b1']);
    expect(things('reserve')).toHaveLength(1);
    expect(things('deliver')).toEqual([]);
  });

  it('are waited for one after the other, and by one conversation together, also over batches', async () => {
    reserve = async () => ({ waitMs: 2_500, ...idle });
    const returns = new ReturnTimes(() => 0);
    await run([record('a1', 'A'), record('a2', 'A'), record('b1', 'B')], { returns });
    await run([record('c1', 'C')], { returns });
    expect(things('hide')).toEqual(['a1 2.5', 'a2 2.5', 'b1 2.6', 'c1 2.65']);
  });

  it('are asked for no further ahead than they can open: a slow sender does not keep the function waiting', async () => {
    const perSecond = 1_000 / HORIZON_MS.campaign;
    const slow = () => ({ limits: { rate: { perSecond, burst: 1 } } }) as Partial<Channel> as Channel;
    const records = ['a', 'b', 'c', 'd'].map((name) => record(name, name));
    expect(await run(records, { channel: slow })).toEqual(['id-c', 'id-d']);
    expect(things('reserve')).toEqual([`XE 2 within ${HORIZON_MS.campaign}`]);
  });

  it('are not taken for a sender that is gone: its messages fail', async () => {
    await run([record('a1', 'A', { senderSid: 'gone' })]);
    expect(happened).toEqual(['deliver a1']);
  });

  it('are not taken while the provider is down, except that what is too old goes on to fail', async () => {
    downMs = 4_000;
    const old = { validUntil: NOW };
    const failures = await run([record('a1', 'A'), record('a2', 'A', old), record('b1', 'B', old), record('b2', 'B')]);
    expect(failures).toEqual(['id-a1', 'id-a2', 'id-b2']);
    expect(things('deliver')).toEqual(['b1']);
    expect([things('reserve'), things('hide')]).toEqual([[], ['a1 4', 'a2 4', 'b2 4.1']]);
  });

  it('are of the sender’s own rate, where it has one', async () => {
    const rates: unknown[] = [];
    const own = { perSecond: 3, burst: 4 };
    const senders = {
      get: async () =>
        ({ sid: 'XE', accountSid: 'AC', channel: 'stub', fields: {}, rate: own }) as Partial<Sender> as Sender,
    };
    const pacing = {
      reserve: async (_: string, count: number, rate: unknown) => {
        rates.push(rate);
        return slots(count);
      },
    };
    await run([record('a1', 'A')], { senders, pacing });
    expect(rates).toEqual([own]);
  });
});

describe('a backlog', () => {
  const wanting = async (count: number): Promise<Reservation> => ({
    ...slots(count),
    hasBacklog: true,
    wantsRelease: true,
  });

  it('is released after the batch, once per sender', async () => {
    reserve = wanting;
    await run([record('a1', 'A'), record('b1', 'B', { reply: true }), record('c1', 'C', { senderSid: 'XE2' })]);
    expect(things('release').sort()).toEqual(['XE', 'XE2']);
    expect(happened.findIndex((line) => line.startsWith('release'))).toBe(happened.length - 2);
  });

  it('is left alone while there is enough in the queue', async () => {
    reserve = async (count) => ({ ...slots(count), hasBacklog: true });
    await run([record('a1', 'A')]);
    expect(things('release')).toEqual([]);
  });

  it('that cannot be released harms nothing', async () => {
    reserve = wanting;
    expect(await run([record('a1', 'A')], { release: () => Promise.reject(new Error('throttled')) })).toEqual([]);
    expect(things('deliver')).toEqual(['a1']);
  });

  it('is told of what had a slot and comes back, and of nothing else', async () => {
    answers['a1'] = async () => again(3);
    answers['c1'] = async () => again(3);
    const released = { released: true };
    await run([
      record('a1', 'A', released),
      record('a2', 'A', released),
      record('b1', 'B', released),
      record('c1', 'C'),
      record('d1', 'D', { ...released, dueAt: NOW + 60_000 }),
    ]);
    expect(things('postpone')).toEqual(['XE 2']);
  });
});
