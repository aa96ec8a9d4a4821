import type { Channel } from '../../channels/types.ts';
import type { Message } from '../../domain/message.ts';
import { sidPattern } from '../../domain/sid.ts';
import { notFound } from '../../domain/twilio-error.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import type { ApiRequest } from '../http/request.ts';

const MESSAGE_SID = sidPattern('SM', 'MM');

/** The message that a path names, in whichever case; throws `missing`, by default 404 (20404), when the account has none such. */
export async function findMessage(
  { event, account, parameters }: ApiRequest,
  { messages }: { messages: Pick<MessageStore, 'get'> },
  missing = notFound(event.rawPath),
): Promise<Message> {
  const sid = parameters['messageSid'] ?? '';
  const message = MESSAGE_SID.test(sid)
    ? await messages.get(account.sid, sid.slice(0, 2) + sid.slice(2).toLowerCase())
    : undefined;
  if (!message) throw missing;
  return message;
}

/** How a message's channel writes addresses; of a channel that is no more, they stay as they are stored. */
export async function formatFor(
  message: Pick<Message, 'channel'>,
  { channels }: { channels(): Promise<Channel[]> },
): Promise<(address: string) => string> {
  const channel = (await channels()).find(({ name }) => name === message.channel);
  return channel?.address.format ?? ((address) => address);
}
