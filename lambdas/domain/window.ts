/**
 * The time after a contact's last message in which free-form messages are allowed.
 * @param lastInboundAt when the contact last wrote, ms since the epoch; undefined: never
 */
export function isWindowOpen(lastInboundAt: number | undefined, hours: number, now: number): boolean {
  return lastInboundAt !== undefined && now - lastInboundAt < hours * 3_600_000;
}
