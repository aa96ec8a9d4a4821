import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { DeadLetterStore } = await import('../../lambdas/platform/stores/dead-letters.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');

const NOW = Date.parse('2026-03-01T12:00:00Z');
const DAY = 24 * 3_600_000;
let now = NOW;
let accounts = 0;
let accountSid: string;
const letters = new DeadLetterStore('switchboard', ROOT_ACCOUNT_SID, () => now);

const lines: string[] = [];
beforeAll(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
beforeEach(() => {
  now = NOW;
  lines.length = 0;
  accounts += 1;
  accountSid = `AC${String(accounts).padStart(32, '0')}`;
});
afterEach(() => {
  vi.mocked(dynamo.send).mockRestore?.();
});
afterAll(async () => {
  vi.restoreAllMocks();
  await aws.stop();
});

const letter = (changes: Partial<DeadLetter> = {}): DeadLetter => ({
  kind: 'outbound',
  reason: 'It was tried until its validity ended.',
  at: new Date(now).toISOString(),
  accountSid,
  senderSid: 'XE1',
  messageSid: 'SM1',
  payload: { messageSid: 'SM1' },
  ...changes,
});
const listed = async (query: Partial<Parameters<typeof letters.page>[1]> = {}) =>
  letters.page(accountSid, { order: 'newest first', limit: 50, ...query });
const only = async () => (await listed()).letters[0]?.sid ?? '';

describe('a dead letter', () => {
  it('is kept under a SID of its time, and counted', async () => {
    await letters.bury(letter(), 'k');
    const sid = await only();
    expect(sid).toMatch(/^DL[0-9a-f]{32}$/);
    expect(Number.parseInt(sid.slice(2, 14), 16)).toBe(NOW);
    expect(await letters.get(accountSid, sid)).toEqual({ ...letter(), sid });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { DeadLetters: 1, Queue: 'outbound', TableName: 'switchboard' },
    ]);
  });

  it('is one, however often and whenever it is buried', async () => {
    await letters.bury(letter(), 'k');
    now += 60_000;
    await letters.bury(letter(), 'k');
    expect((await listed()).letters).toHaveLength(1);
    await letters.bury(letter(), 'k2');
    expect((await listed()).letters).toHaveLength(2);
  });

  it.each([0, 1, 2, 3])('is whole when its burial was cut off after write %i and repeated', async (writes) => {
    const send = dynamo.send.bind(dynamo);
    const payload = randomBytes(400_000).toString('base64');
    let left = writes;
    const spy = vi.spyOn(dynamo, 'send').mockImplementation(((command: object) => {
      if (command.constructor.name !== 'PutCommand' || left-- > 0) return send(command as never);
      throw new Error('cut off');
    }) as typeof dynamo.send);
    await expect(letters.bury(letter({ payload }), 'k')).rejects.toThrow('cut off');
    spy.mockRestore();
    await letters.bury(letter({ payload }), 'k');
    expect((await listed()).letters).toHaveLength(1);
    expect((await letters.get(accountSid, await only()))?.payload).toBe(payload);
  });

  it.each([
    ['small', 'x'],
    ['just over what an item shows', 'x'.repeat(8_192)],
    ['larger than an item', randomBytes(450_000).toString('base64')],
    ['nothing', null],
  ])('keeps a payload that is %s, and leaves nothing of it when it is removed', async (_, payload) => {
    await letters.bury(letter({ payload }), 'k');
    const sid = await only();
    expect((await letters.get(accountSid, sid))?.payload).toEqual(payload);
    expect(await letters.remove(accountSid, sid)).toBe(true);
    expect(await letters.remove(accountSid, sid)).toBe(false);
    expect(await letters.get(accountSid, sid)).toBeUndefined();
    expect((await aws.items()).filter(({ pk }) => String(pk).includes(sid) || pk === `DEAD#${accountSid}`)).toEqual([]);
  });

  it.each(['', 'rubbish', 'AC1'])("of the account %j is the root account's", async (unknown) => {
    await letters.bury(letter({ accountSid: unknown, reason: `of ${unknown}` }), `k ${unknown}`);
    const { letters: found } = await letters.page(ROOT_ACCOUNT_SID, { order: 'newest first', limit: 1 });
    expect(found).toMatchObject([{ accountSid: unknown, reason: `of ${unknown}`.trim() }]);
    await letters.remove(ROOT_ACCOUNT_SID, found[0]?.sid ?? '');
  });

  it('has a reason without what nobody may see', async () => {
    await letters.bury(letter({ reason: 'Unknown number +15552223333' }), 'k');
    expect((await listed()).letters).toMatchObject([{ reason: 'Unknown number …33' }]);
  });

  it('expires after 30 days, also where DynamoDB has not removed it yet', async () => {
    await letters.bury(letter(), 'k');
    const sid = await only();
    now = NOW + 30 * DAY - 1_000;
    expect(await letters.get(accountSid, sid)).toBeDefined();
    now = NOW + 30 * DAY;
    expect(await letters.get(accountSid, sid)).toBeUndefined();
    expect((await listed()).letters).toEqual([]);
  });

  it("is found by its own account's SID only", async () => {
    await letters.bury(letter(), 'k');
    expect(await letters.get(ROOT_ACCOUNT_SID, await only())).toBeUndefined();
  });
});

describe('a list of dead letters', () => {
  /** Twelve letters, a minute apart, of all kinds in turn. */
  beforeEach(async () => {
    for (const [index, kind] of (['outbound', 'event', 'webhook', 'callback'] as const).entries()) {
      for (const round of [0, 1, 2]) {
        now = NOW + (round * 4 + index) * 60_000;
        await letters.bury(letter({ kind, reason: `${kind} number ${round}` }), `${kind}${round}`);
      }
    }
    now = NOW + DAY;
  });
  const minutes = (found: { at: string }[]) => found.map(({ at }) => (Date.parse(at) - NOW) / 60_000);

  it.each([
    ['all', {}, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ['oldest first', { order: 'oldest first' }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['of a queue', { queue: 'inbound' }, [10, 9, 6, 5, 2, 1]],
    ['by a part of the reason, in any case', { reason: 'CALLBACK Number' }, [11, 7, 3]],
    ['by time, both ends included', { createdFrom: NOW + 120_000, createdTo: NOW + 300_000 }, [5, 4, 3, 2]],
    ['by everything', { queue: 'outbound', reason: '1', createdFrom: NOW + 1, createdTo: NOW + 300_000 }, [4]],
    ['in a time without any', { createdFrom: NOW + DAY }, []],
    ['in a time that ends before it begins', { createdFrom: NOW + DAY, createdTo: NOW }, []],
  ] as const)('holds what was asked for: %s', async (_, query, expected) => {
    const { letters: found, next } = await listed(query);
    expect(minutes(found)).toEqual(expected);
    expect(next).toBeUndefined();
  });

  it.each(['newest first', 'oldest first'] as const)(
    'comes in pages that miss nothing and repeat nothing, %s',
    async (order) => {
      const found: { at: string }[] = [];
      let after: string | undefined;
      let pages = 0;
      do {
        const page = await listed({ order, limit: 5, after });
        found.push(...page.letters);
        after = page.next;
        pages += 1;
      } while (after !== undefined);
      expect(pages).toBe(3);
      expect(minutes(found).sort((left, right) => left - right)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    },
  );

  it('goes on after a letter that was removed meanwhile', async () => {
    const first = await listed({ order: 'oldest first', limit: 5 });
    await letters.remove(accountSid, first.next ?? '');
    const second = await listed({ order: 'oldest first', limit: 5, after: first.next });
    expect(minutes(second.letters)).toEqual([5, 6, 7, 8, 9]);
  });
});
