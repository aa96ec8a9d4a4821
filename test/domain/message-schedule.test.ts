import { describe, expect, it } from 'vitest';
import { parseForm } from '../../lambdas/domain/form.ts';
import { scheduleProblem, sendAtOf } from '../../lambdas/domain/message-schedule.ts';

const read = (form: string) => sendAtOf(parseForm(Buffer.from(form)));
const NOW = Date.parse('2026-03-01T12:00:00.900Z');

describe('sendAtOf', () => {
  it.each([
    ['', undefined],
    ['SendAt=&ScheduleType=', undefined],
    ['ScheduleType=fixed&SendAt=2026-03-01T13%3A00%3A00Z', '2026-03-01T13:00:00.000Z'],
    ['ScheduleType=fixed&SendAt=2026-03-01T13%3A00%3A00%2B02%3A00', '2026-03-01T11:00:00.000Z'],
    ['ScheduleType=fixed&SendAt=2026-03-01T13%3A00%3A00.5Z', '2026-03-01T13:00:00.500Z'],
  ])('reads %j', (form, expected) => {
    expect(read(form)).toBe(expected && Date.parse(expected));
  });

  it.each([
    [35111, 'no time', 'ScheduleType=fixed'],
    [35126, 'another type', 'ScheduleType=daily&SendAt=2026-03-01T13%3A00%3A00Z'],
    [35126, 'no type', 'SendAt=2026-03-01T13%3A00%3A00Z'],
    [35117, 'a time that is none', 'ScheduleType=fixed&SendAt=tomorrow'],
    [35117, 'a day that does not exist', 'ScheduleType=fixed&SendAt=2026-02-30T13%3A00%3A00Z'],
    [20422, 'two times', 'ScheduleType=fixed&SendAt=2026-03-01&SendAt=2026-03-02'],
  ])('refuses with %i %s', (code, _why, form) => {
    expect(() => read(form)).toThrow(expect.objectContaining({ code, status: 400 }));
  });
});

describe('scheduleProblem', () => {
  it.each([
    ['2026-03-01T12:14:59.999Z', 35114],
    // To the second, as the SDKs write it: 15 minutes from now lie 900 ms before.
    ['2026-03-01T12:15:00.000Z', undefined],
    ['2026-04-05T12:00:00.999Z', undefined],
    ['2026-04-05T12:00:01.000Z', 35115],
    ['2020-01-01T00:00:00.000Z', 35114],
  ])('of %s is %s', (sendAt, code) => {
    expect(scheduleProblem(Date.parse(sendAt), NOW)?.code).toBe(code);
  });
});
