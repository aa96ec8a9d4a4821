import type { ChannelEvent } from '../channels/types.ts';
import { isTakenBack, withoutContent } from '../domain/message.ts';
import { toIso } from '../platform/clock.ts';
import type { ApplyDependencies, EventContext } from './apply-event.ts';
import { UnknownMessageError } from './apply-status.ts';
import { claimKey, receivedId, TAKEN_BACK } from './received-ids.ts';

type DeletionEvent = Extract<ChannelEvent, { type: 'deletion' }>;

/**
 * Removes what is stored of a message that its contact took back: its text, its media, its place. A message that is on its
 * way is waited for; one that comes after this is not stored at all.
 */
export async function applyDeletion(
  event: DeletionEvent,
  context: EventContext,
  { messages, messageIds, claims, emptyMedia, now }: ApplyDependencies,
): Promise<void> {
  const { sid: senderSid, accountSid } = context.sender;
  const known = (await messageIds.find(senderSid, receivedId(event.id)))?.messageSid;
  const claim = { sid: TAKEN_BACK, requestHash: '' };
  const sid = known ?? (await claims.claim(accountSid, claimKey(context, event.id), claim)).sid;
  if (sid === TAKEN_BACK) return;
  const message = await messages.get(accountSid, sid);
  if (!message) throw new UnknownMessageError(`The message ${sid}, which was taken back, is not stored yet.`);
  if (isTakenBack(message)) return;
  if (message.media.length > 0) {
    if (!emptyMedia) throw new Error('A message with media is applied from the queue.');
    await emptyMedia(message);
  }
  const entry = { at: toIso(now()), event: 'deleted', by: 'channel' } as const;
  await messages.note(message, entry, withoutContent(message));
}
