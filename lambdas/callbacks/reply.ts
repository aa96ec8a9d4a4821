import { type AcceptDependencies, acceptMessage } from '../api/messages/accept-message.ts';
import type { HttpAnswer } from '../channels/types.ts';
import type { Form } from '../domain/form.ts';
import { parseMessageRequest } from '../domain/message-request.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import { TwilioError } from '../domain/twilio-error.ts';
import type { AddressPolicy } from '../domain/url-policy.ts';
import { logger } from '../platform/log.ts';
import { readReply, type TwimlMessage } from './twiml.ts';

/**
 * Sends what the customer answered to an inbound message: the `<Message>`s of its TwiML, or its plain text. Safe to
 * repeat: each reply is claimed under the inbound message's SID, so a callback that is retried sends none twice.
 * A wrong answer is the customer's to mend: it is logged with Twilio's code and nothing is sent.
 */
export async function sendReplies(
  task: CallbackTask,
  answer: HttpAnswer,
  policy: AddressPolicy,
  dependencies: AcceptDependencies,
): Promise<void> {
  const reply = readReply(answer.headers['content-type'], answer.body);
  if ('problem' in reply) {
    logger.warn('the answer to an inbound message is wrong', { messageSid: task.messageSid, ...reply.problem });
    return;
  }
  for (const [index, message] of reply.messages.entries()) {
    try {
      const request = parseMessageRequest(formOf(message, task), policy);
      const claim = { key: `reply/${task.messageSid}/${index}`, requestHash: task.messageSid };
      await acceptMessage({ ...request, isReply: true }, task.accountSid, claim, dependencies);
    } catch (error) {
      if (!(error instanceof TwilioError) || error.status >= 500) throw error;
      logger.warn('a reply was refused', { messageSid: task.messageSid, code: error.code, message: error.message });
    }
  }
}

/** A reply goes back to who wrote, from whom they wrote to; relative URLs are the webhook's. */
function formOf(message: TwimlMessage, task: CallbackTask): Form {
  const absolute = (url: string) => (URL.canParse(url, task.url) ? new URL(url, task.url).href : url);
  const one = (name: string, value: string | undefined): [string, string[]][] =>
    value === undefined ? [] : [[name, [value]]];
  return new Map([
    ...one('To', message.to ?? task.params['From']),
    ...one('From', message.from ?? task.params['To']),
    ...one('Body', message.body),
    ...one('StatusCallback', message.statusCallback && absolute(message.statusCallback)),
    ...(message.mediaUrls.length > 0 ? [['MediaUrl', message.mediaUrls.map(absolute)] as [string, string[]]] : []),
  ]);
}
