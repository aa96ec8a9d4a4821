/**
 * The time after a contact's last message in which free-form messages are allowed.
 * @param lastInboundAt when the contact last wrote, ms since the epoch; undefined: never
 */
export function isWindowOpen(lastInboundAt: number | undefined, hours: number, now: number): boolean {
  return lastInboundAt !== undefined && now - lastInboundAt < hours * 3_600_000;
}

/** What a message may have that lets it go outside the window. */
interface Exempting {
  template?: unknown;
  tag?: unknown;
}

/** True for a message that needs an open window: it has nothing of what the channel sends at any time. */
export function isFreeForm(message: Exempting, outside: readonly ('template' | 'tag')[]): boolean {
  return !outside.some((key) => message[key] !== undefined);
}
