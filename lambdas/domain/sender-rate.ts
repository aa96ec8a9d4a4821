import type { Sender } from './sender.ts';
import type { Configuration } from './sender-inputs.ts';

/** How fast a sender may send, as `sender.rate` keeps it. */
export type SenderRate = NonNullable<Sender['rate']>;

/** The keys of a sender's own rate in `configuration`, which any sender may have. */
const KEYS = ['messages_per_second', 'burst'] as const;

/** The fastest that anybody may ask for: no provider takes more of one sender. */
const MOST_PER_SECOND = 5_000;
const MOST_AT_ONCE = 50_000;

export interface RateReading {
  /** The rate that the sender has from now on: as before where the configuration says nothing of it, undefined for the channel's. */
  rate: SenderRate | undefined;
  /** The configuration without the keys of the rate. */
  rest: Configuration;
  /** One sentence each. */
  mistakes: string[];
}

/**
 * Reads a sender's own rate out of a configuration (keys in snake_case). Null or an empty text for `messages_per_second` takes it
 * away; a burst that is not given is what goes in one second.
 */
export function readRate(configuration: Configuration, before?: SenderRate): RateReading {
  const isRate = (name: string) => KEYS.some((key) => key === name);
  const rest = Object.fromEntries(Object.entries(configuration).filter(([name]) => !isRate(name)));
  const { messages_per_second: speed, burst } = configuration;
  if (speed === undefined && burst === undefined) return { rate: before, rest, mistakes: [] };
  const isTakenAway = speed === null || speed === '';
  const perSecond = isTakenAway ? undefined : (speed ?? before?.perSecond);
  if (perSecond === undefined) {
    const isLost = burst !== undefined && burst !== null && burst !== '';
    const missing = 'configuration.burst: is only for a sender with messages_per_second';
    return { rate: undefined, rest, mistakes: isLost ? [missing] : [] };
  }
  const rate = { perSecond: Number(perSecond), burst: Number(burst || Math.max(1, Math.round(Number(perSecond)))) };
  return { rate, rest, mistakes: mistakesIn(rate) };
}

function mistakesIn({ perSecond, burst }: SenderRate): string[] {
  const isSpeed = perSecond > 0 && perSecond <= MOST_PER_SECOND;
  const isBurst = Number.isInteger(burst) && burst > 0 && burst <= MOST_AT_ONCE;
  return [
    ...(isSpeed ? [] : [`configuration.messages_per_second: must be a number above 0, and ${MOST_PER_SECOND} at most`]),
    ...(isBurst || !isSpeed
      ? []
      : [`configuration.burst: must be a whole number above 0, and ${MOST_AT_ONCE} at most`]),
  ];
}

/** A sender's own rate as `configuration` shows it; nothing where it has the channel's. */
export function shownRate(rate: Sender['rate']): Record<string, string> {
  return rate ? { messages_per_second: String(rate.perSecond), burst: String(rate.burst) } : {};
}
