import { expect, it } from 'vitest';
import { Remembered } from '../../lambdas/platform/remembered.ts';

it('asks once for what several need at the same time, and again after a failure', async () => {
  const memory = new Remembered<string>(60_000);
  let looks = 0;
  const look = async () => {
    looks += 1;
    if (looks === 1) throw new Error('throttled');
    return 'found';
  };
  const first = await Promise.allSettled([memory.get('key', look), memory.get('key', look)]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await Promise.all([memory.get('key', look), memory.get('key', look)])).toEqual(['found', 'found']);
  expect(await memory.get('key', look)).toBe('found');
  expect(looks).toBe(2);
});

it('does not remember that nothing was found', async () => {
  const memory = new Remembered<string>(60_000);
  expect(await memory.get('key', async () => undefined)).toBeUndefined();
  expect(await memory.get('key', async () => 'now')).toBe('now');
});

it('keeps no more than it may, the newest', async () => {
  const memory = new Remembered<number>(60_000, 2);
  for (const key of [1, 2, 3]) memory.set(String(key), key);
  expect(await memory.get('1', async () => undefined)).toBeUndefined();
  expect(await memory.get('3', async () => undefined)).toBe(3);
});
