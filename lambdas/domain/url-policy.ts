import ipaddr from 'ipaddr.js';

/** The longest URL taken, in characters; Twilio's limit for callbacks. */
export const MAX_URL_LENGTH = 4_000;

/** Why a URL is refused; `message` completes the sentence "The URL …". */
export interface UrlProblem {
  kind: 'too-long' | 'syntax' | 'scheme' | 'host' | 'address';
  message: string;
}

export interface AddressPolicy {
  /** Lets `localhost`, 127.0.0.0/8 and ::1 through: for development only. */
  allowLoopback: boolean;
  /**
   * Lets private networks through (RFC 1918, carrier-grade NAT, unique local): for devices, which live in one by design.
   * Link-local addresses stay forbidden even then, because cloud metadata and credentials are served there.
   */
  allowPrivate?: boolean;
}

const PRIVATE_RANGES: readonly string[] = ['private', 'carrierGradeNat', 'uniqueLocal'];

// What IPv6 gives to the public internet. Everything else is special, also what no list names: `::127.0.0.1`, for one.
const GLOBAL_UNICAST_V6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Whether requests to this IP address are forbidden, so that nobody makes the gateway talk to what only the gateway can
 * reach. Anything that is not plainly public is forbidden, and so is anything that is not an address.
 * @param ip an address as `dns.lookup` or a URL's host spells it, without brackets
 */
export function isForbiddenAddress(ip: string, policy: AddressPolicy): boolean {
  if (!ipaddr.isValid(ip)) return true;
  const address = ipaddr.process(ip);
  const range: string = address.range();
  if (range === 'loopback') return !policy.allowLoopback;
  if (PRIVATE_RANGES.includes(range)) return !policy.allowPrivate;
  return range !== 'unicast' || (address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST_V6));
}

/**
 * Whether a host proves who it is with a certificate that a public authority signed. One under `.internal`, which ICANN keeps for
 * private networks, can have none: WhatsApp's containers sign their own. There the network says who may answer.
 */
export function hasPublicCertificate(hostname: string, policy: AddressPolicy): boolean {
  return !(policy.allowPrivate && /\.internal$/i.test(hostname));
}

/**
 * Judges a URL that a customer gave us and that the gateway (or a channel) will call: callbacks, media, devices.
 * User and password are fine, as on Twilio. What a host name resolves to is judged when it is called.
 * @returns undefined when the URL is fine
 */
export function checkUrl(url: string, policy: AddressPolicy): UrlProblem | undefined {
  if (url.length > MAX_URL_LENGTH) {
    return { kind: 'too-long', message: `is longer than ${MAX_URL_LENGTH} characters` };
  }
  // The URL parser drops white space and adds missing slashes; what is signed and called must be what was given.
  if (/[\s\p{Cc}]/u.test(url)) return { kind: 'syntax', message: 'contains white space or control characters' };
  if (!/^https?:/i.test(url)) return { kind: 'scheme', message: 'must begin with http:// or https://' };
  if (!/^https?:\/\/[^/\\]/i.test(url) || !URL.canParse(url)) {
    return { kind: 'syntax', message: 'is not a valid URL' };
  }
  return checkHost(new URL(url).hostname, policy);
}

// `hostname` comes from the WHATWG parser, which has already turned decimal, octal, hex and full-width spellings of an
// address into the usual one.
function checkHost(hostname: string, policy: AddressPolicy): UrlProblem | undefined {
  const ip = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const forbidden: UrlProblem = { kind: 'address', message: 'points to an address that is not on the public internet' };
  if (ipaddr.isValid(ip)) return isForbiddenAddress(ip, policy) ? forbidden : undefined;

  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return policy.allowLoopback ? undefined : forbidden;
  if (name.includes('_')) return { kind: 'host', message: 'has an underscore in its host name' };
  const labels = name.split('.');
  const wellFormed = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (!wellFormed || name.length > 253) return { kind: 'host', message: 'has no valid host name' };
  if (labels.length < 2 && !policy.allowPrivate) return { kind: 'host', message: 'has no full host name' };
  return undefined;
}
