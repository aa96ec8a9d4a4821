/*
 * What an expression may name. Every part of a spec sees its own roots; a name that is no root there is a mistake,
 * found when the spec is checked and not when the first message goes out.
 */

/** The keys below a name: `true` where any key may follow. */
export type Shape = true | { readonly [key: string]: Shape };
export type Scope = Readonly<Record<string, Shape>>;

/** The values that expressions read, by root name. */
export type Roots = Readonly<Record<string, unknown>>;

/** The message as the customer gave it; the keys of `OutboundMessage`. */
const message = {
  sid: true,
  accountSid: true,
  channel: true,
  from: true,
  to: true,
  body: true,
  media: true,
  template: true,
  location: true,
  actions: true,
  replyTo: true,
  segment: true,
  tag: true,
  statusCallback: true,
  validUntil: true,
} as const;
const session = { token: true, expiresAt: true } as const;
const answer = { status: true, headers: true, body: true } as const;
const webhook = { method: true, headers: true, query: true, body: true } as const;

/** The roots of each part of a spec, given the sender fields and secrets that the spec declares. */
export function scopesOf(fields: readonly string[], secrets: readonly string[]) {
  const sender: Shape = { address: true, fields: keysOf(fields), secrets: keysOf(secrets) };
  const media: Shape = { url: true, contentType: true, filename: true };
  const part: Shape = { index: true, count: true, last: true };
  return {
    /** Whether a case fits; it is asked before the parts are numbered. */
    when: { message, text: true, media, sender },
    /** A request that carries one part of a message. */
    outbound: { message, text: true, media, part, sender, session },
    /** Credentials of a request. */
    auth: { sender, session },
    /** A login; `again` is true where it gave out a refused token again. */
    login: { sender, again: true },
    /** The form that an assertion is sent in. */
    grant: { assertion: true, sender, again: true },
    answer: { answer },
    /** An answer to a part of a message. */
    sent: { answer, message, part },
    webhook: { webhook, sender },
    connect: { webhook: { url: true }, sender, session },
    download: { media: { id: true, url: true, contentType: true, filename: true }, sender, session },
  } as const satisfies Record<string, Scope>;
}
export type Scopes = ReturnType<typeof scopesOf>;

function keysOf(names: readonly string[]): Shape {
  return Object.fromEntries(names.map((name) => [name, true as const]));
}
