import { failedAnswer, jsonAnswer } from '../channel/answers.ts';
import type { Answer } from '../channel/cases.ts';
import { handshake } from '../channel/webhooks.ts';
import type { Laboratory } from '../laboratory.ts';
import type { Sender } from './sender.ts';
import { callWebhook } from './webhook-queue.ts';

/** Sets a sender's webhook as its own request asks, after the channel's handshake with it, where it has one. */
export async function connect(
  webhookUrl: string | undefined,
  sender: Sender,
  laboratory: Laboratory,
): Promise<{ answer: Answer }> {
  if (webhookUrl !== undefined) {
    const problem = await setWebhook(webhookUrl, sender, laboratory);
    if (problem !== undefined) {
      laboratory.log({ event: 'handshake-failed', channel: sender.played.name, problem });
      return { answer: failedAnswer(sender.played, { status: 400 }) };
    }
  }
  const example = sender.played.cases.interpret.find(
    ({ answer, outcome }) => outcome.outcome === 'accepted' && answer.status < 300,
  );
  return { answer: example?.answer ?? jsonAnswer(200, {}) };
}

/** @returns why the webhook was not taken, in a sentence */
export async function setWebhook(
  url: string,
  sender: Sender,
  { clock, unconfirmed }: Laboratory,
): Promise<string | undefined> {
  const greeting = await handshake(sender.played, sender.context, clock.now());
  if (greeting) {
    const { confirmation } = greeting;
    if (confirmation !== undefined) unconfirmed.add(confirmation);
    const answer = await callWebhook(url, greeting.webhook, AbortSignal.timeout(10_000));
    if (typeof answer === 'string') return `The handshake could not be made: ${answer}.`;
    if (answer.status !== greeting.expected.status || answer.body !== greeting.expected.body) {
      return `The handshake was answered ${answer.status}, or with another body than it asks for.`;
    }
    if (confirmation !== undefined && unconfirmed.delete(confirmation)) {
      return 'The handshake was answered, but not confirmed at the URL that it names.';
    }
  }
  sender.webhookUrl = url;
  return undefined;
}
