import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueEntries } from '../../lambdas/maintenance/due-entries.ts';
import type { ScheduledEntry } from '../../lambdas/platform/stores/schedule.ts';

const NOW = 1_000;
const hex = (value: number) => value.toString(16).padStart(32, '0');
const keyOf = ({ at, messageSid }: ScheduledEntry) => `${String(at).padStart(14, '0')}#${messageSid.slice(2)}`;

/** Sixteen lists as the table keeps them; counts how often it is asked. */
function listsOf(entries: readonly ScheduledEntry[]) {
  const lists = Map.groupBy(
    entries.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)),
    ({ messageSid }) => messageSid.slice(-1),
  );
  const asked = { times: 0 };
  return {
    asked,
    async due(shard: string, now: number, limit: number, after?: ScheduledEntry) {
      asked.times += 1;
      const due = (lists.get(shard) ?? []).filter(
        (entry) => entry.at <= now && (!after || keyOf(entry) > keyOf(after)),
      );
      return due.slice(0, limit);
    },
  };
}

async function read(entries: readonly ScheduledEntry[]) {
  const lists = listsOf(entries);
  const portions: (readonly ScheduledEntry[])[] = [];
  for await (const portion of dueEntries(lists, NOW)) portions.push(portion);
  return { portions, asked: lists.asked.times };
}

const entry = (at: number, number: number): ScheduledEntry => ({
  kind: 'send',
  accountSid: 'AC1',
  messageSid: `${number % 3 === 0 ? 'MM' : 'SM'}${hex(number)}`,
  at,
});

describe('what is due', () => {
  it('comes once, oldest first, and in the order of acceptance where it is due at the same time', async () => {
    const some = fc.uniqueArray(
      // Few times and uneven lists, so that pages end in the middle of an instant.
      fc.record({
        at: fc.integer({ min: 0, max: 20 }),
        number: fc.oneof(
          fc.nat(400),
          fc.nat(2_000).map((n) => n * 16),
        ),
      }),
      { selector: ({ number }) => number, minLength: 100, maxLength: 500, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(some, async (given) => {
        const entries = given.map(({ at, number }) => entry(at, number));
        const { portions } = await read(entries);
        const wanted = entries.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
        expect(portions.flat()).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  it('costs one question for each list when there is nothing, however much is due later', async () => {
    const later = Array.from({ length: 10_000 }, (_, number) => entry(NOW + 1 + number, number));
    expect(await read(later)).toEqual({ portions: [], asked: 16 });
  });

  it('is read in pages of fifty, each once, when thousands are due at the same instant', async () => {
    const all = Array.from({ length: 8_000 }, (_, number) => entry(NOW, number));
    const { portions, asked } = await read(all);
    expect(portions.flat()).toHaveLength(8_000);
    expect(asked).toBeLessThanOrEqual(8_000 / 50 + 16);
    expect(Math.max(...portions.map(({ length }) => length))).toBeLessThanOrEqual(16 * 50);
  });
});
