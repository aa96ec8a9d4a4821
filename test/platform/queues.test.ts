import { afterAll, expect, it } from 'vitest';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { sendTask } = await import('../../lambdas/platform/queues.ts');
afterAll(() => aws.stop());

it.each([
  ['emoji', '👋🏽'],
  ['noncharacters, which SQS refuses', 'a\uffff\ufffeb'],
  ['control characters', '\u0000\u001f\u007f'],
  ['half a surrogate pair', '\ud83d'],
])('a task may hold %s', async (what, reason) => {
  const letter = { kind: 'event' as const, reason, at: '', accountSid: '', payload: '' };
  const id = what.replaceAll(/\W/g, '-');
  await sendTask(process.env['INBOUND_DLQ_URL'] ?? '', letter, { group: id, deduplicationId: id });
  expect(await aws.drain('INBOUND_DLQ_URL')).toContainEqual(letter);
});
