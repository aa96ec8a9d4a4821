/** The current time, in milliseconds since the epoch. Passed in, so a rule about time can be tested at any time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** ISO 8601 UTC with milliseconds, the form of every stored date. */
export const toIso = (at: number): string => new Date(at).toISOString();

/** Resolves after `ms` milliseconds. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
