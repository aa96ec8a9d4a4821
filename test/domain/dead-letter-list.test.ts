import { describe, expect, it } from 'vitest';
import {
  parseDeadLetterList,
  parseDeadLetterSelection,
  selectionTokenOf,
} from '../../lambdas/domain/dead-letter-list.ts';
import { parseForm } from '../../lambdas/domain/form.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const [first, second] = ['1', '2'].map((digit) => `DL${digit.repeat(32)}`) as [string, string];
const form = (query: string) => parseForm(Buffer.from(query));
const select = (query: string) => parseDeadLetterSelection(form(query), NOW);

describe('the query of a list', () => {
  it.each<[string, object]>([
    ['', { page: 0, pageSize: 50, given: [] }],
    ['Queue=Callbacks&PageSize=5', { queue: 'callbacks', pageSize: 5 }],
    ['Reason=answer+was', { reason: 'answer was' }],
    [
      'DateCreatedAfter=2026-02-01&DateCreatedBefore=2026-02-02T10:00:00Z',
      { createdFrom: 1_769_904_000_000, createdTo: 1_770_026_400_000 },
    ],
    [`PageToken=PA${first}`, { after: first, page: 1 }],
    [`PageToken=PA${first}&Page=7`, { after: first, page: 7 }],
    ['Unknown=1', { given: [] }],
  ])('%j is read', (query, expected) => {
    expect(parseDeadLetterList(form(query))).toMatchObject(expected);
  });

  it.each([
    ['Queue=other', 20422],
    ['DateCreatedAfter=yesterday', 20422],
    ['PageSize=0', 20007],
    ['PageSize=1001', 20007],
    ['Page=1', 20422],
    ['Page=x', 20422],
    ['PageToken=PAx', 20422],
    ['Queue=inbound&Queue=outbound', 20422],
  ])('%j is refused', (query, code) => {
    expect(() => parseDeadLetterList(form(query))).toThrow(expect.objectContaining({ code }));
  });
});

describe('a selection', () => {
  it.each<[string, object]>([
    [`Sids=${second}&Sids=${first}&Sids=${first}`, { sids: [first, second] }],
    [`Sids=${first.replace('DL1', 'DL1').toUpperCase()}`, { sids: [first] }],
    ['Queue=outbound', { filters: { queue: 'outbound', createdTo: NOW } }],
    ['All=true', { filters: { createdTo: NOW } }],
    ['DateCreatedBefore=2026-02-01', { filters: { createdTo: Date.parse('2026-02-01') } }],
    ['DateCreatedBefore=2027-02-01', { filters: { createdTo: NOW } }],
  ])('%j is what is meant, up to now', (query, expected) => {
    expect(select(query)).toEqual(expected);
  });

  it.each([
    '',
    'All=1',
    `Sids=${first}&All=true`,
    `Sids=${first}&Queue=outbound`,
    'Sids=SM1',
    'PageToken=PA1',
    `All=true&PageToken=PA${first}`,
    `${Array.from({ length: 1_001 }, () => `Sids=${first}`).join('&')}`,
  ])('%j is refused: nothing is meant by accident', (query) => {
    expect(() => select(query)).toThrow(expect.objectContaining({ code: 20422 }));
  });

  it('goes on where it ended, and never beyond the time of the first request', () => {
    const token = selectionTokenOf(select('All=true'), first);
    const later = parseDeadLetterSelection(form(`All=true&PageToken=${token}`), NOW + 60_000);
    expect(later).toEqual({ filters: { createdTo: NOW }, after: first });
    const named = select(`Sids=${first}&Sids=${second}`);
    expect(select(`Sids=${second}&PageToken=${selectionTokenOf(named, first)}`)).toEqual({
      sids: [second],
      after: first,
    });
  });
});
