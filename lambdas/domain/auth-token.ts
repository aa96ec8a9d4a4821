import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * An account's auth token: 32 hex digits derived from the deployment's master key, so no token is stored anywhere and
 * rotating one is raising the account's generation.
 */
export function deriveAuthToken(masterKey: string, accountSid: string, generation: number): string {
  return createHmac('sha256', masterKey).update(`${accountSid}:${generation}`).digest('hex').slice(0, 32);
}

/** Compares two secrets without telling, by its duration, how much of them was right. */
export function secretsEqual(left: string, right: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
