/** As `lambdas/platform/stores/senders.ts`, `accounts.ts` and `lambdas/platform/sender-secrets.ts` remember what they read, in ms. */
export const SENDER_REMEMBERED_MS = 30_000;
export const SECRET_REMEMBERED_MS = 300_000;

/** What one environment of a function has in memory: when it read which sender's. */
export class Remembered {
  readonly #readAt = new Map<string, number>();
  readonly #lifetimeMs: number;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** Whether it has to be read now. */
  isNew(senderSid: string, now: number): boolean {
    const readAt = this.#readAt.get(senderSid);
    if (readAt !== undefined && readAt > now - this.#lifetimeMs) return false;
    this.#readAt.set(senderSid, now);
    return true;
  }
}
