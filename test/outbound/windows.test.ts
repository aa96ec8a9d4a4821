import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isFreeForm } from '../../lambdas/domain/window.ts';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { WindowStore } = await import('../../lambdas/platform/stores/windows.ts');
const { SentMessageStore } = await import('../../lambdas/platform/stores/sent-messages.ts');
afterAll(() => aws.stop());

const windows = new WindowStore(process.env['TABLE_NAME'] ?? '');
const sent = new SentMessageStore(process.env['TABLE_NAME'] ?? '');
const NOW = Date.parse('2026-03-01T12:00:00Z');
let contact = '';
beforeEach(() => {
  contact = crypto.randomUUID();
});

const take = (key: string) => windows.take('XE1', contact, key, 2);

describe('a window that is counted', () => {
  it('lets so many messages through and no more, however many ask at once', async () => {
    await windows.open('XE1', contact, NOW);
    const taken = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(take));
    expect(taken.filter(Boolean)).toHaveLength(2);
  });

  it('counts a message once, however often it is tried', async () => {
    await windows.open('XE1', contact, NOW);
    expect([await take('a'), await take('a'), await take('b'), await take('a'), await take('c')]).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('begins again with a new message of the contact, and not with an old one', async () => {
    await windows.open('XE1', contact, NOW);
    await take('a');
    await take('b');
    await windows.open('XE1', contact, NOW - 1);
    expect(await take('c')).toBe(false);
    await windows.open('XE1', contact, NOW + 1);
    expect(await take('c')).toBe(true);
    expect(await windows.lastInboundAt('XE1', contact)).toBe(NOW + 1);
  });

  it('has one more when one was given back', async () => {
    await windows.open('XE1', contact, NOW);
    await take('a');
    await take('b');
    await windows.giveBack('XE1', contact, 'b');
    expect([await take('c'), await take('b')]).toEqual([true, false]);
    // The last one that is given back leaves nothing behind.
    for (const key of ['a', 'c']) await windows.giveBack('XE1', contact, key);
    expect(await take('d')).toBe(true);
  });
});

describe('what a contact was sent', () => {
  const found = async (before: number, status: string) =>
    (await sent.until('XE1', contact, before, status)).map(({ messageSid }) => messageSid);

  it('is found up to a time, that instant too, oldest first', async () => {
    await sent.add('XE1', contact, 'SM2', NOW + 5);
    await sent.add('XE1', contact, 'SM1', NOW);
    await sent.add('XE1', contact, 'SM3', NOW + 6);
    expect(await found(NOW + 5, 'delivered')).toEqual(['SM1', 'SM2']);
    expect(await found(NOW - 1, 'delivered')).toEqual([]);
    expect(await sent.until('XE1', 'somebody else', NOW + 9, 'read')).toEqual([]);
  });

  it('is not found again for a status that it has, nor after it was read', async () => {
    await sent.add('XE1', contact, 'SM1', NOW);
    const [first] = await sent.until('XE1', contact, NOW, 'delivered');
    if (!first) throw new Error('it is not found');
    await sent.mark('XE1', contact, first, 'delivered');
    expect([await found(NOW, 'delivered'), await found(NOW, 'read')]).toEqual([[], ['SM1']]);
    await sent.mark('XE1', contact, first, 'read');
    expect([await found(NOW, 'delivered'), await found(NOW, 'read')]).toEqual([[], []]);
  });
});

describe('a message', () => {
  it.each([
    [{}, ['template'], true],
    [{ template: { name: 't' } }, ['template'], false],
    [{ tag: 'HUMAN_AGENT' }, ['template'], true],
    [{ tag: 'HUMAN_AGENT' }, ['template', 'tag'], false],
    [{ template: { name: 't' } }, [], true],
  ] as const)('%j needs an open window where %j may go at any time: %s', (message, outside, needs) => {
    expect(isFreeForm(message, outside)).toBe(needs);
  });
});
