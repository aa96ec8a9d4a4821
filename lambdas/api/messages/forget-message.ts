import { type Message, withoutContent } from '../../domain/message.ts';
import { mediaSid } from '../../domain/sid.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { type Clock, toIso } from '../../platform/clock.ts';
import type { MediaStore } from '../../platform/media-store.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';

export interface ForgetDependencies {
  messages: Pick<MessageStore, 'redact' | 'delete'>;
  media: Pick<MediaStore, 'delete'>;
  now: Clock;
}

/**
 * Forgets what a message says: its text, media and place; that there was one, its numbers and its timeline stay. Throws 20009 while
 * the content is still needed to send it. Safe to repeat.
 */
export async function redactMessage(message: Message, dependencies: ForgetDependencies): Promise<Message> {
  if (!hasContent(message)) return message;
  await deleteFiles(message, dependencies);
  const entry = { at: toIso(dependencies.now()), event: 'redacted', by: 'api' } as const;
  const { changed, message: found } = await dependencies.messages.redact(message, entry, withoutContent(message));
  if (!changed) throw inProgress();
  return found;
}

/** Deletes a message and its files; throws 20009 while it is still to be sent. Safe to repeat. */
export async function deleteMessage(message: Message, dependencies: ForgetDependencies): Promise<void> {
  // Files first: without the message, nobody would know of them.
  await deleteFiles(message, dependencies);
  if (!(await dependencies.messages.delete(message, dependencies.now()))) throw inProgress();
}

/** Only a contact's media were copied; what was sent is where it was sent from. */
async function deleteFiles({ direction, accountSid, sid, media }: Message, store: ForgetDependencies): Promise<void> {
  if (direction !== 'inbound') return;
  for (const index of media.keys()) {
    await store.media.delete({ accountSid, messageSid: sid, mediaSid: mediaSid(sid, index) });
  }
}

const hasContent = ({ body, media, location }: Message): boolean =>
  (body !== undefined && body !== '') || media.length > 0 || Boolean(location);

const inProgress = () =>
  new TwilioError(20009, 'Cannot delete this resource before it is complete: the message is still being sent.');
