import { describe, expect, it } from 'vitest';
import { parseForm } from '../../lambdas/domain/form.ts';
import { parseMessageUpdate } from '../../lambdas/domain/message-update.ts';

const read = (form: string) => parseMessageUpdate(parseForm(Buffer.from(form)));

describe('parseMessageUpdate', () => {
  it.each([
    ['Status=canceled', 'cancel'],
    ['Body=', 'redact'],
    ['Body', 'redact'],
    ['Body=&Other=1', 'redact'],
  ])('reads %s as %s', (form, expected) => {
    expect(read(form)).toBe(expected);
  });

  it.each([
    ['neither', ''],
    ['both', 'Status=canceled&Body='],
    ['another text', 'Body=Hello'],
    ['another status', 'Status=sent'],
    ['an empty status', 'Status='],
    ['the status twice', 'Status=canceled&Status=canceled'],
    ['the body twice', 'Body=&Body='],
    ['names of the wrong case', 'status=canceled'],
  ])('refuses %s', (_why, form) => {
    expect(() => read(form)).toThrow(expect.objectContaining({ code: 30400, status: 400 }));
  });
});
