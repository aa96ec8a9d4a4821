import { type Failure, failures } from '../domain/failure.ts';
import { isFreeForm, isWindowOpen } from '../domain/window.ts';
import type { Attempt } from './attempt.ts';
import { toOutbound } from './outbound-message.ts';

/**
 * Why a message may not be sent now; undefined when it may. The window that was seen open when the message was accepted is not looked
 * at again while it lasts; a read that may be a moment old is only believed when it says that the window is open.
 */
export async function checkWindow({ message, sender, channel, dependencies }: Attempt): Promise<Failure | undefined> {
  const { windows, now } = dependencies;
  if (!channel.window || !isFreeForm(toOutbound(message), channel.window.outside)) return undefined;
  const { hours, errorCode } = channel.window;
  const at = now();
  if (message.windowUntil !== undefined && at < message.windowUntil) return undefined;
  for (const consistent of [false, true]) {
    const lastInboundAt = await windows.lastInboundAt(sender.sid, message.to, { consistent });
    if (isWindowOpen(lastInboundAt, hours, at)) return undefined;
  }
  return failures.windowClosed(errorCode, hours);
}

/** Where a channel allows only so many messages since the contact's last one: takes one of them. */
export async function takeWindow(
  { channel, sender, message, dependencies: { windows } }: Attempt,
  index: number,
): Promise<{ taken: true; giveBack(): Promise<void> } | { taken: false; failure: Failure }> {
  const { count, errorCode, outside } = channel.window ?? {};
  if (count === undefined || errorCode === undefined || !isFreeForm(toOutbound(message), outside ?? [])) {
    return { taken: true, giveBack: async () => undefined };
  }
  const key = `${message.sid}#${index}`;
  if (!(await windows.take(sender.sid, message.to, key, count))) {
    return { taken: false, failure: failures.windowFull(errorCode, count) };
  }
  return { taken: true, giveBack: () => windows.giveBack(sender.sid, message.to, key) };
}
