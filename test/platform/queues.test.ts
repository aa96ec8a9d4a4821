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
])('a task may hold %s', async (what, text) => {
  const event = { type: 'account' as const, channel: 'sms', name: text, detail: null };
  const task = { accountSid: '', senderSid: '', event, gatewayUrl: '', receivedAt: '' };
  const id = what.replaceAll(/\W/g, '-');
  await sendTask(process.env['INBOUND_QUEUE_URL'] ?? '', task, { group: id, deduplicationId: id });
  expect(await aws.drain('INBOUND_QUEUE_URL')).toContainEqual(task);
});
