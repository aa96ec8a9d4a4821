import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACKLOG_MS, LOOKAHEAD_MS, MOST_RELEASED, RELEASE_LEASE_MS, SETTLED_MS } from '../../lambdas/domain/backlog.ts';
import type { Rate } from '../../lambdas/domain/pacing.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { QueuedTask } from '../../lambdas/platform/queues.ts';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const [{ BacklogStore }, { PacingStore }, { Admission }, { BacklogReleaser }] = await Promise.all([
  import('../../lambdas/platform/stores/backlogs.ts'),
  import('../../lambdas/platform/stores/pacing.ts'),
  import('../../lambdas/outbound/admission.ts'),
  import('../../lambdas/outbound/release-backlog.ts'),
]);
afterAll(() => aws.stop());

const table = process.env['TABLE_NAME'] ?? '';
const START = 1_700_000_000_000;
/** Without a burst, each message has its turn one second after the one before. */
const SLOW: Rate = { perSecond: 1, burst: 1 };
/** How many of its messages the queue holds. */
const SHARE = LOOKAHEAD_MS / 1_000;
const accountSid = 'AC1';
const campaign = { isReply: false };

let now = START;
let senderSid = '';
let senders = 0;
let queued: QueuedTask[] = [];
/** Set to make the next call of the queue fail, before or after it took the tasks. */
let failing: 'before' | 'after' | undefined;

beforeEach(() => {
  now = START;
  senderSid = `XE${senders++}`;
  queued = [];
  failing = undefined;
});

const newAdmission = () => new Admission(new BacklogStore(table), () => now);

const newReleaser = () =>
  new BacklogReleaser({
    backlogs: new BacklogStore(table),
    async enqueue(tasks) {
      if (failing === 'before') throw new Error('no queue');
      queued.push(...tasks);
      if (failing === 'after') throw new Error('cut off');
    },
    now: () => now,
  });

/** Puts messages in the backlog, one a millisecond. @returns their SIDs */
async function wait(count: number): Promise<string[]> {
  const store = new BacklogStore(table);
  const sids: string[] = [];
  await store.open({ accountSid, senderSid }, now);
  for (let index = 0; index < count; index += 1) {
    const messageSid = newSid('SM', now + index);
    sids.push(messageSid);
    await store.add(messageSid.slice(2), { task: { accountSid, senderSid, messageSid }, group: `g${index}`, ttl: 0 });
  }
  return sids;
}

const releasedSids = () => queued.map(({ task }) => ('messageSid' in task ? task.messageSid : ''));
const owners = async () => (await new BacklogStore(table).owners()).map((owner) => owner.senderSid);

describe('what is accepted of one sender', () => {
  it('goes to the queue up to some seconds of its rate, then waits in the table', async () => {
    const admission = newAdmission();
    const places: string[] = [];
    for (let index = 0; index < 15; index += 1) places.push((await admission.place(senderSid, SLOW, campaign)).place);
    // The first has its turn now, so there is one more than the look-ahead has.
    expect(places).toEqual([...Array(SHARE + 1).fill('queue'), ...Array(14 - SHARE).fill('backlog')]);
  });

  it('is hidden in the queue until shortly before its turn', async () => {
    const admission = newAdmission();
    const placed: unknown[] = [];
    for (let index = 0; index < 5; index += 1) placed.push(await admission.place(senderSid, SLOW, campaign));
    expect(placed).toEqual([
      { place: 'queue', turn: START },
      { place: 'queue', turn: START + 1_000 },
      { place: 'queue', turn: START + 2_000 },
      { place: 'queue', turn: START + 3_000, dueAt: START + 3_000 },
      { place: 'queue', turn: START + 4_000, dueAt: START + 4_000 },
    ]);
  });

  it('has its turn at once as far as the burst allows', async () => {
    const admission = newAdmission();
    const rate = { perSecond: 1, burst: 20 };
    const placed: unknown[] = [];
    for (let index = 0; index < 19; index += 1) placed.push(await admission.place(senderSid, rate, campaign));
    expect(placed.slice(0, 18)).toEqual(Array(18).fill({ place: 'queue', turn: START }));
    expect(placed[18]).toEqual({ place: 'queue', turn: START + 1_000 });
  });

  it('is refused with 21611 beyond four hours of its rate, and is accepted again when some was sent', async () => {
    const store = new BacklogStore(table);
    await store.admit(senderSid, BACKLOG_MS / 1_000, SLOW, now, 'admitted');
    await expect(newAdmission().place(senderSid, SLOW, campaign)).rejects.toMatchObject({ code: 21611 });
    await expect(newAdmission().place(senderSid, SLOW, { ...campaign, wasAccepted: true })).resolves.toMatchObject({
      place: 'backlog',
    });
    now += 1_000;
    await expect(newAdmission().place(senderSid, SLOW, campaign)).resolves.toMatchObject({ place: 'backlog' });
  });

  it('does not wait for a campaign when it is a reply, unless its contact has a message that waits', async () => {
    const store = new BacklogStore(table);
    await store.admit(senderSid, 1_000, SLOW, now, 'admitted');
    const admission = newAdmission();
    const reply = { isReply: true };
    expect(await admission.place(senderSid, SLOW, campaign)).toMatchObject({ place: 'backlog' });
    expect(await admission.place(senderSid, SLOW, reply)).toEqual({ place: 'queue', turn: START });
    const waiting = newSid('SM', START).slice(2);
    expect(await admission.place(senderSid, SLOW, { ...reply, waiting })).toMatchObject({ place: 'backlog' });
  });

  it('waits like a campaign when replies alone are more than the share of the queue', async () => {
    const store = new BacklogStore(table);
    await store.admit(senderSid, 200, SLOW, now, 'admitted');
    await store.admit(senderSid, SHARE, SLOW, now, 'replied');
    expect(await newAdmission().place(senderSid, SLOW, { isReply: true })).toMatchObject({ place: 'backlog' });
  });

  it('costs one write for many messages that follow each other', async () => {
    const store = new BacklogStore(table);
    const admit = vi.spyOn(store, 'admit');
    const admission = new Admission(store, () => now);
    for (let index = 0; index < 1_000; index += 1) {
      now += 5;
      await admission.place(senderSid, { perSecond: 250, burst: 250 }, campaign);
    }
    expect(admit.mock.calls.length).toBeLessThan(25);
  });
});

describe('releasing a backlog', () => {
  it('moves what the queue has room for, in the order of SIDs, and says when each has its turn', async () => {
    const sids = await wait(30);
    now += SETTLED_MS + 1_000;
    // The queue was full when the backlog began, and has room for what was sent since.
    expect(await newReleaser().release({ accountSid, senderSid }, SLOW)).toBe(4);
    expect(releasedSids()).toEqual(sids.slice(0, 4));
    expect(queued[0]?.task).toMatchObject({ dueAt: START + LOOKAHEAD_MS });
    expect(queued[3]?.task).toMatchObject({ dueAt: START + LOOKAHEAD_MS + 3_000 });
  });

  it('moves nothing while the queue is full', async () => {
    await wait(3);
    now += 900;
    expect(await newReleaser().release({ accountSid, senderSid }, SLOW)).toBe(0);
    now += 1_000;
    expect(await newReleaser().release({ accountSid, senderSid }, SLOW), 'one was sent, none is old enough').toBe(0);
  });

  it('leaves alone what is so young that something older may still be on its way into the table', async () => {
    const sids = await wait(2);
    now += LOOKAHEAD_MS;
    const [young = ''] = await wait(1);
    const releaser = newReleaser();
    expect(await releaser.release({ accountSid, senderSid }, SLOW)).toBe(2);
    await releaser.release({ accountSid, senderSid }, SLOW);
    expect(releasedSids()).toEqual(sids);
    now += SETTLED_MS + 1_000;
    await releaser.release({ accountSid, senderSid }, SLOW);
    expect(releasedSids()).toEqual([...sids, young]);
  });

  it.each(['before', 'after'] as const)(
    'loses nothing when it is cut off %s the queue took the tasks',
    async (when) => {
      const sids = await wait(5);
      now += LOOKAHEAD_MS;
      failing = when;
      await expect(newReleaser().release({ accountSid, senderSid }, SLOW)).rejects.toThrow();
      failing = undefined;
      expect(await newReleaser().release({ accountSid, senderSid }, SLOW), 'the lease is still held').toBe(0);
      now += RELEASE_LEASE_MS;
      expect(await newReleaser().release({ accountSid, senderSid }, SLOW)).toBe(5);
      expect(new Set(releasedSids())).toEqual(new Set(sids));
      expect(releasedSids().slice(-5)).toEqual(sids);
    },
  );

  it('is done by one function at a time', async () => {
    await wait(SHARE);
    now += LOOKAHEAD_MS;
    const moved = await Promise.all([1, 2, 3].map(() => newReleaser().release({ accountSid, senderSid }, SLOW)));
    expect(moved.sort()).toEqual([0, 0, SHARE]);
  });

  it('moves a large backlog in steps', async () => {
    await wait(MOST_RELEASED + 5);
    now += LOOKAHEAD_MS;
    const fast = { perSecond: 100, burst: 100 };
    expect(await newReleaser().release({ accountSid, senderSid }, fast)).toBe(MOST_RELEASED);
    expect(await newReleaser().release({ accountSid, senderSid }, fast)).toBe(5);
  });

  it('ends when nothing waits and nothing has come lately; what comes then opens it again', async () => {
    await wait(1);
    now += LOOKAHEAD_MS;
    const releaser = newReleaser();
    await releaser.release({ accountSid, senderSid }, SLOW);
    expect(await owners()).toContain(senderSid);
    now += 2_000;
    await releaser.release({ accountSid, senderSid }, SLOW);
    expect(await owners()).not.toContain(senderSid);
    expect(await new BacklogStore(table).lease(senderSid, now), 'there is no backlog').toBeUndefined();
    await wait(1);
    expect(await owners()).toContain(senderSid);
  });

  it('stops while the sender cannot send; what comes then waits too', async () => {
    await wait(3);
    const store = new BacklogStore(table);
    now += LOOKAHEAD_MS;
    await store.hold(senderSid, now + 30_000);
    expect(await newReleaser().release({ accountSid, senderSid }, SLOW)).toBe(0);
    expect(await newAdmission().place(senderSid, SLOW, campaign)).toEqual({ place: 'backlog', turn: now + 30_000 });
    now += 30_000;
    expect(await newReleaser().release({ accountSid, senderSid }, SLOW)).toBe(3);
  });

  it('counts what is in the queue until it has its slots, and again when it is put back', async () => {
    await wait(30);
    now += LOOKAHEAD_MS;
    const store = new BacklogStore(table);
    const pacing = new PacingStore(table);
    const releaser = newReleaser();
    const owner = { accountSid, senderSid };
    expect(await releaser.release(owner, SLOW)).toBe(SHARE);
    expect(await releaser.release(owner, SLOW), 'the queue is full').toBe(0);
    const wide = { perSecond: 1, burst: 100 };
    expect(await pacing.reserve(senderSid, 2, wide, now, 1_000, 2)).toMatchObject({ wantsRelease: false });
    expect(await pacing.reserve(senderSid, 3, wide, now, 1_000, 2)).toMatchObject({ wantsRelease: true });
    await store.postpone(senderSid);
    expect(await releaser.release(owner, SLOW), 'four had a slot, one came back').toBe(3);
  });

  it('forgets a count that has gone wrong when nothing was released for long', async () => {
    await wait(30);
    now += LOOKAHEAD_MS;
    const owner = { accountSid, senderSid };
    expect(await newReleaser().release(owner, SLOW)).toBe(SHARE);
    now += 3 * LOOKAHEAD_MS;
    expect(await newReleaser().release(owner, SLOW)).toBe(0);
    now += 1;
    expect(await newReleaser().release(owner, SLOW)).toBe(SHARE);
  });
});
