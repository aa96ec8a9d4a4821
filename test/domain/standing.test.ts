import { describe, expect, it } from 'vitest';
import type { Registration } from '../../lambdas/domain/registration.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { type Execution, isDead, standingOf } from '../../lambdas/domain/standing.ts';

const now = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (seconds: number) => new Date(now - seconds * 1_000).toISOString();
const SID = `XE${'1'.repeat(32)}`;

const record = (state: Registration['state'], seconds = 60): Registration => ({
  accountSid: `AC${'0'.repeat(32)}`,
  senderSid: SID,
  workflow: 'device',
  attempt: 1,
  executionArn: 'arn:…:1',
  state,
  step: 'CheckDevice',
  stepStartedAt: ago(seconds),
  startedAt: ago(seconds),
});
const FREE = 'it can be registered again';

describe('A number that its account has already', () => {
  it.each<[Sender['status'], Registration | undefined, Execution, says: string]>([
    ['CREATING', undefined, undefined, FREE],
    ['CREATING', record('running'), 'RUNNING', 'at the step CheckDevice'],
    ['PENDING_VERIFICATION', record('running'), 'PENDING_REDRIVE', 'at the step CheckDevice'],
    ['CREATING', record('running'), undefined, FREE],
    ['CREATING', record('running', 5), undefined, 'try again in 30 seconds'],
    ['VERIFYING', record('running', 5), 'ABORTED', FREE],
    ['OFFLINE', record('failed'), 'RUNNING', 'is still being undone'],
    ['OFFLINE', record('failed'), 'FAILED', FREE],
    ['OFFLINE', record('failed', 5), undefined, FREE],
    ['OFFLINE', undefined, undefined, FREE],
    ['OFFLINE', record('done'), 'SUCCEEDED', 'which is offline'],
    ['OFFLINE', record('updating'), 'FAILED', 'which is offline'],
    ['ONLINE', record('done'), 'SUCCEEDED', `is already registered as ${SID}`],
    ['ONLINE:UPDATING', record('updating'), 'RUNNING', `is already registered as ${SID}`],
    ['DELETING', record('retiring'), 'FAILED', 'is being removed'],
    ['OFFLINE', record('retiring'), 'RUNNING', 'is being removed'],
  ])('while it is %s, its record %o and its execution %s', (status, registration, execution, says) => {
    const owner = { sid: SID, status, dateUpdated: ago(60) };
    expect(standingOf(owner, registration, execution, now) ?? FREE).toContain(says);
  });

  it('is given the time that a request may take before it counts as cut off', () => {
    const owner = { sid: SID, status: 'CREATING' as const, dateUpdated: ago(34) };
    expect(standingOf(owner, undefined, undefined, now)).toContain('try again in 1 seconds');
  });
});

describe('An execution', () => {
  it.each<[Execution, seconds: number, dead: boolean]>([
    ['RUNNING', 900, false],
    ['PENDING_REDRIVE', 900, false],
    ['FAILED', 1, true],
    ['ABORTED', 1, true],
    ['SUCCEEDED', 1, true],
    [undefined, 34, false],
    [undefined, 36, true],
  ])('that is %s, begun %i seconds ago, is dead: %s', (execution, seconds, dead) => {
    expect(isDead(record('retiring', seconds), execution, now)).toBe(dead);
  });
});
