import { describe, expect, it } from 'vitest';
import { type Accepted, accountOf, checkAccount, type Evidence, type Outcome, tableOf, total } from './account.ts';

const one: Accepted = { sid: 'SM1', contact: 'ann', words: ['w1'] };
const two: Accepted = { sid: 'SM2', contact: 'ann', words: ['w2a', 'w2b'] };
const timeline = [{ at: '2026-01-01T00:00:00.000Z', event: 'queued', by: 'api', detail: { attempt: 1 } }];
const outcome = (status: string, errorCode?: number): Outcome => ({
  status,
  timeline,
  ...(errorCode !== undefined && { errorCode }),
});

function evidence(changed: {
  statuses?: Record<string, Outcome>;
  ann?: string[];
  mayRepeat?: Evidence['mayRepeat'];
  told?: string[];
}): Evidence {
  const { statuses = {}, ann = ['w1', 'w2a x', 'x w2b'], mayRepeat = () => false, told } = changed;
  const outcomes = new Map(Object.entries({ SM1: outcome('sent'), SM2: outcome('read'), ...statuses }));
  return {
    accepted: [one, two],
    outcomes,
    told: ({ sid }) => told ?? ['sent', outcomes.get(sid)?.status ?? ''],
    phones: new Map([['ann', ann]]),
    mayRepeat,
  };
}

const none = {
  accepted: 2,
  once: 0,
  repeated: 0,
  failed: 0,
  lost: [],
  wronglyRepeated: [],
  untold: [],
  outOfOrder: [],
};

describe('the account of a run', () => {
  it.each([
    ['all that arrived once', {}, { once: 2 }],
    [
      'a repetition that nobody could avoid',
      { ann: ['w1', 'w1', 'w2a', 'w2b'], mayRepeat: () => true },
      { once: 1, repeated: 1 },
    ],
    [
      'a failure with its reason',
      { statuses: { SM1: outcome('failed', 63_016) }, ann: ['w2a', 'w2b'] },
      { once: 1, failed: 1 },
    ],
    [
      'a message that failed for all we know, and yet arrived',
      { statuses: { SM1: outcome('failed', 30_410) } },
      { once: 1, failed: 1 },
    ],
  ])('counts %s', (_, changed, expected) => {
    const account = accountOf(evidence(changed));
    expect(account).toEqual({ ...none, ...expected });
    expect(() => checkAccount('a run', account)).not.toThrow();
  });

  it.each([
    ['is still under way', { statuses: { SM1: outcome('sending') } }, /lost: SM1 to ann: sending; arrived: w1 1 times/],
    ['did not arrive', { ann: ['w2a', 'w2b'] }, /lost: SM1 to ann: sent; arrived: w1 0 times/],
    ['arrived in part', { ann: ['w1', 'w2a'] }, /lost: SM2 .*w2a 1 times, w2b 0 times/],
    ['failed without a reason', { statuses: { SM1: outcome('failed') } }, /lost: SM1 to ann: failed/],
    ['was sent twice without need', { ann: ['w1', 'w2a', 'w2a', 'w2b'] }, /sent twice: SM2/],
    ['its customer was never told of', { told: [] }, /not told, .*SM1 .*told: nothing/],
    ['its customer was not told the end of', { told: ['sent'] }, /not told, .*SM2 .*told: sent/],
    ['its customer was told of in the wrong order', { told: ['delivered', 'sent'] }, /wrong order: SM1/],
    ['arrived before an earlier one', { ann: ['w2a', 'w2b', 'w1'] }, /out of order: ann: w2a w2b w1/],
  ])('complains of a message that %s, with its timeline', (_, changed, complaint) => {
    expect(() => checkAccount('a run', accountOf(evidence(changed)))).toThrow(complaint);
  });

  it('shows the timeline of one that is lost', () => {
    const account = accountOf(evidence({ ann: ['w2a', 'w2b'] }));
    expect(account.lost.join()).toContain('2026-01-01T00:00:00.000Z api      queued {"attempt":1}');
  });

  it('complains of a message that was never stored', () => {
    const { outcomes, ...rest } = evidence({});
    const kept = new Map([...outcomes].filter(([sid]) => sid !== 'SM1'));
    expect(accountOf({ ...rest, outcomes: kept }).lost).toEqual([
      'SM1 to ann: not stored; arrived: w1 1 times; told: sent, sent',
    ]);
  });

  it('adds up, and is printed as a table', () => {
    const accounts = [accountOf(evidence({})), accountOf(evidence({ ann: ['w2a', 'w2b'] }))];
    const sum = total(accounts);
    expect(sum).toMatchObject({ accepted: 4, once: 3, lost: [expect.stringContaining('SM1')] });
    expect(tableOf([['both', sum]])).toBe(
      [
        '      accepted  once  twice, in doubt  failed, with reason  lost',
        'both         4     3                0                    0     1',
      ].join('\n'),
    );
  });
});
