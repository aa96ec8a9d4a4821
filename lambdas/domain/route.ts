import type { Channel } from '../channels/types.ts';
import { TwilioError } from './twilio-error.ts';

/** What a route needs to know of a channel. */
export type Addressing = Pick<Channel, 'name' | 'address'>;

/** A way that a message could take: the channel, and both addresses as that channel spells them, without scheme. */
export interface Route {
  channel: string;
  from: string;
  to: string;
}

const E164 = /^\+[1-9]\d{6,14}$/;

/**
 * The ways that a message from `from` to `to` could take: several when channels share a scheme (two ways to reach
 * WhatsApp); which one it is depends on which of them has the sender. Checks To before From, as Twilio does.
 * @param given both addresses in Twilio's spelling: `whatsapp:+15552223333`
 */
export function routesFor(given: { to: string; from: string }, channels: readonly Addressing[]): Route[] {
  const toScheme = schemeOf(given.to);
  const fromScheme = schemeOf(given.from);
  const toParsed = parsedBy(given.to, channels, 'contact');
  // A plain number is an address, even when no channel here sends to it: the pair is what is wrong then, not the number.
  if (toParsed.size === 0 && !isPlainNumber(given.to, channels)) {
    throw new TwilioError(21211, `The 'To' number ${given.to} is not a valid phone number.`);
  }
  const fromParsed = parsedBy(given.from, channels, 'sender');
  if (fromParsed.size === 0 && !isPlainNumber(given.from, channels)) {
    throw new TwilioError(
      21212,
      `The 'From' number ${given.from} is not a valid phone number, shortcode, or alphanumeric sender ID.`,
    );
  }
  if (toScheme !== fromScheme) {
    throw new TwilioError(21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel");
  }
  const routes = [...toParsed].flatMap(([channel, to]) => {
    const from = fromParsed.get(channel);
    return from === undefined ? [] : [{ channel, from, to }];
  });
  if (routes.length === 0) throw unknownSender(given.from);
  if (routes.every(({ from, to }) => from === to)) {
    throw new TwilioError(fromScheme === '' ? 21266 : 63031, "'To' and 'From' number cannot be the same.");
  }
  return routes;
}

/** No sender of this account has that address. */
export function unknownSender(from: string): TwilioError {
  return schemeOf(from) === ''
    ? new TwilioError(
        21606,
        `The 'From' phone number provided (${from}) is not a valid message-capable phone number for this account.`,
      )
    : new TwilioError(63007, 'Twilio could not find a Channel with the specified From address');
}

/**
 * What an address in Twilio's spelling may stand for, per channel; empty when it is an address on none.
 * @param side whose it is; either's if not given
 */
export function parsedBy(
  given: string,
  channels: readonly Addressing[],
  side?: 'contact' | 'sender',
): Map<string, string> {
  const scheme = schemeOf(given);
  const parsed = new Map<string, string>();
  for (const { name, address } of channels) {
    if (address.scheme.toLowerCase() !== scheme) continue;
    const text = given.slice(scheme.length);
    const plain =
      side === undefined ? (address.parse(text) ?? address.parse(text, 'sender')) : address.parse(text, side);
    if (plain !== undefined) parsed.set(name, plain);
  }
  return parsed;
}

/** `whatsapp:` of `whatsapp:+1555…`, in lower case; empty for a plain number. */
function schemeOf(given: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(given)?.[0].toLowerCase() ?? '';
}

function isPlainNumber(given: string, channels: readonly Addressing[]): boolean {
  return E164.test(given) && channels.every(({ address }) => address.scheme !== '');
}
