import { afterAll, describe, expect, it } from 'vitest';
import { newSid } from '../../lambdas/domain/sid.ts';
import { startAws } from '../support/aws.ts';
import { MemorySessions } from './memory-sessions.ts';

const aws = await startAws();
const { SessionStore } = await import('../../lambdas/platform/stores/sessions.ts');
afterAll(() => aws.stop());

const NOW = 1_000_000;
const renewal = (dueAt: number, senderSid = newSid('XE', Date.now())) => ({
  accountSid: `AC${'1'.repeat(32)}`,
  senderSid,
  dueAt,
  expiresAt: new Date(dueAt + 1_000).toISOString(),
});

describe.each([
  ['on the table', () => new SessionStore(process.env['TABLE_NAME'] ?? '')],
  ['in memory', () => new MemorySessions()],
])('sessions %s', (_, open) => {
  const sessions = open();

  /** What is due of those that a test made. */
  const dueOf = async (now: number, ...ours: { senderSid: string }[]) => {
    const sids = ours.map(({ senderSid }) => senderSid);
    return (await sessions.due(now, 100)).filter(({ senderSid }) => sids.includes(senderSid));
  };

  it('are due when their time has passed, longest overdue first', async () => {
    const [late, later, early] = [renewal(NOW + 20), renewal(NOW + 30), renewal(NOW + 10)];
    for (const next of [late, later, early]) await sessions.schedule(next);
    expect(await dueOf(NOW + 10, late, later, early)).toEqual([]);
    expect(await dueOf(NOW + 21, late, later, early)).toEqual([early, late]);
    expect(await sessions.due(NOW + 31, 1)).toHaveLength(1);
  });

  it('have one entry, the last that was scheduled', async () => {
    const first = renewal(NOW + 10);
    const second = { ...first, dueAt: NOW + 50 };
    await sessions.schedule(first);
    await sessions.schedule(second);
    expect(await dueOf(NOW + 100, first)).toEqual([second]);
  });

  it('are leased to one at a time, until the lease has run out or is given back', async () => {
    const { senderSid } = renewal(NOW);
    expect(await sessions.lease(senderSid, NOW, 100)).toEqual({ failures: 0 });
    expect(await sessions.lease(senderSid, NOW + 99, 100)).toBeUndefined();
    expect(await sessions.lease(senderSid, NOW + 100, 100)).toEqual({ failures: 0 });
    await sessions.release(senderSid);
    expect(await sessions.lease(senderSid, NOW + 101, 100)).toEqual({ failures: 0 });
  });

  it('are leased for an entry only while it is the one that counts', async () => {
    const first = renewal(NOW + 10);
    const second = { ...first, dueAt: NOW + 50 };
    await sessions.schedule(first);
    await sessions.schedule(second);
    expect(await sessions.lease(first.senderSid, NOW, 100, first)).toBeUndefined();
    expect(await sessions.lease(first.senderSid, NOW, 100, second)).toEqual({ failures: 0 });
  });

  it('count failures until one succeeds; scheduling gives the lease back', async () => {
    const next = renewal(NOW + 10);
    await sessions.lease(next.senderSid, NOW, 100);
    await sessions.schedule(next, 3);
    expect(await sessions.lease(next.senderSid, NOW, 100, next)).toEqual({ failures: 3 });
    await sessions.schedule({ ...next, dueAt: NOW + 20 });
    expect(await sessions.lease(next.senderSid, NOW, 100)).toEqual({ failures: 0 });
  });

  it('are forgotten with their sender; a stale entry is dropped, the one that counts is not', async () => {
    const [gone, kept] = [renewal(NOW + 10), renewal(NOW + 10)];
    await sessions.schedule(gone);
    await sessions.schedule(kept);
    await sessions.remove(gone.senderSid);
    await sessions.dropStale(kept);
    expect(await dueOf(NOW + 100, gone, kept)).toEqual([kept]);
  });
});
