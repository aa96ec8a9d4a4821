import * as z from 'zod';
import type { MaybePromise } from './expressions/settled.ts';
import type { DescribedInput, DescribedWorkflow } from './registration.ts';

/*
 * The shapes that the engine reads and writes, for every channel. Ids are strings, kept exactly as the channel wrote them
 * (LINE, Viber and WeChat ids exceed 2^53). Addresses carry no scheme (`15551234567`); timestamps are ISO 8601 UTC.
 */

const location = z.strictObject({
  latitude: z.number(),
  longitude: z.number(),
  label: z.string().optional(),
  address: z.string().optional(),
});

/**
 * A message to render.
 * @example { sid: 'SM…', accountSid: 'AC…', channel: 'whatsapp', from: '15550001111', to: '15552223333', body: 'Hi' }
 */
export const outboundMessageSchema = z.strictObject({
  sid: z.string(),
  accountSid: z.string(),
  channel: z.string(),
  from: z.string(),
  to: z.string(),
  body: z.string().optional(),
  media: z
    .array(z.strictObject({ url: z.string(), contentType: z.string().optional(), filename: z.string().optional() }))
    .optional(),
  template: z
    .strictObject({
      name: z.string(),
      language: z.string(),
      namespace: z.string().optional(),
      parameters: z.union([z.array(z.string()), z.record(z.string(), z.string())]).default([]),
      header: z.unknown().optional(),
      buttons: z.array(z.unknown()).optional(),
    })
    .optional(),
  location: location.optional(),
  actions: z
    .array(
      z.strictObject({
        type: z.string(),
        title: z.string(),
        id: z.string().optional(),
        url: z.string().optional(),
        phone: z.string().optional(),
      }),
    )
    .optional(),
  /** The channel's id of the message that this one answers. */
  replyTo: z.string().optional(),
  segment: z.strictObject({ index: z.number().int(), count: z.number().int() }).optional(),
  tag: z.string().optional(),
  statusCallback: z.string().optional(),
  validUntil: z.string().optional(),
});
export type OutboundMessage = z.infer<typeof outboundMessageSchema>;

/** A request to a provider, ready to send. `body` is text, or the parts of a multipart form: texts and files' bytes. */
export const httpRequestSchema = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z
    .union([
      z.string(),
      z.array(
        z.strictObject({
          name: z.string(),
          value: z.union([z.string(), z.instanceof<typeof Uint8Array<ArrayBufferLike>>(Uint8Array)]),
          filename: z.string().optional(),
          contentType: z.string().optional(),
        }),
      ),
    ])
    .optional(),
});
export type HttpRequest = z.infer<typeof httpRequestSchema>;

/** A provider's answer. Header names are lower case; `body` is the text as it came. */
export const httpAnswerSchema = z.strictObject({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(''),
});
export type HttpAnswer = z.infer<typeof httpAnswerSchema>;

/**
 * What a failure asks of us: `retry` later; `rate-limited`, wait; `auth`, get new credentials;
 * `recipient`, this contact cannot be reached; `window`, a template is needed; `permanent`, give up.
 */
export const errorClassSchema = z.enum(['retry', 'rate-limited', 'auth', 'recipient', 'window', 'permanent']);
export type ErrorClass = z.infer<typeof errorClassSchema>;

/** What a provider's answer means. `retryAfter` is in seconds; `code` is the provider's own. */
export const outcomeSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('accepted'), id: z.string().optional() }),
  z.strictObject({
    outcome: z.literal('failed'),
    class: errorClassSchema,
    twilioCode: z.number().int(),
    code: z.string().optional(),
    title: z.string().optional(),
    retryAfter: z.number().optional(),
    scope: z.enum(['contact', 'sender']),
  }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;
export type FailedOutcome = Extract<Outcome, { outcome: 'failed' }>;

/** What a channel tells us, normalised. */
export const channelEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message'),
    channel: z.string(),
    id: z.string(),
    from: z.string(),
    to: z.string(),
    timestamp: z.string(),
    /** True where the channel says no time, and `timestamp` is when it came: another one each time that it comes. */
    undated: z.boolean().optional(),
    /** False where the contact did something that does not open the window. */
    opensWindow: z.boolean().optional(),
    /** The channel's own word for the kind: `text`, `image`, `location` … */
    kind: z.string().optional(),
    text: z.string().optional(),
    media: z
      .array(
        z.strictObject({
          id: z.string().optional(),
          url: z.string().optional(),
          contentType: z.string().optional(),
          filename: z.string().optional(),
        }),
      )
      .optional(),
    location: location.optional(),
    button: z.strictObject({ text: z.string(), payload: z.string().optional() }).optional(),
    contacts: z.array(z.unknown()).optional(),
    reaction: z.strictObject({ messageId: z.string(), emoji: z.string().optional() }).optional(),
    /** The channel's id of the message that this one answers. */
    replyTo: z.string().optional(),
    profileName: z.string().optional(),
    forwarded: z.boolean().optional(),
    referral: z.record(z.string(), z.unknown()).optional(),
    /** The part of the payload that this event was made from. */
    raw: z.unknown(),
  }),
  z.strictObject({
    type: z.literal('status'),
    channel: z.string(),
    /** The channel's message id; absent when our SID came back instead. */
    id: z.string().optional(),
    sid: z.string().optional(),
    to: z.string().optional(),
    /** Our sender's address, where the channel says it. */
    from: z.string().optional(),
    /** Instead of one message's id: all that were sent to `to` up to then. */
    before: z.string().optional(),
    timestamp: z.string(),
    status: z.enum(['sent', 'delivered', 'read', 'failed', 'undelivered']),
    /** True where it may be about a message that is not ours. */
    foreign: z.boolean().optional(),
    error: z.strictObject({ code: z.string(), title: z.string().optional(), twilioCode: z.number().int() }).optional(),
  }),
  z.strictObject({
    /** A contact took a message back. */
    type: z.literal('deletion'),
    channel: z.string(),
    /** The channel's id of that message. */
    id: z.string(),
    from: z.string(),
    to: z.string(),
  }),
  z.strictObject({
    type: z.literal('account'),
    channel: z.string(),
    name: z.string(),
    detail: z.unknown(),
  }),
]);
export type ChannelEvent = z.infer<typeof channelEventSchema>;

/** A sender as the engine and the command line see it: `fields` and `secrets` as the spec's `registration` names them. */
export const senderContextSchema = z.strictObject({
  address: z.string(),
  fields: z.record(z.string(), z.string()).default({}),
  secrets: z.record(z.string(), z.string()).default({}),
});
export type SenderContext = z.infer<typeof senderContextSchema>;

/** A webhook as it came. Header names are lower case; `body` is the raw text, already base64-decoded. */
export const webhookRequestSchema = z.strictObject({
  method: z.enum(['GET', 'POST']),
  headers: z.record(z.string(), z.string()).default({}),
  query: z.record(z.string(), z.string()).default({}),
  body: z.string().default(''),
});
export type WebhookRequest = z.infer<typeof webhookRequestSchema>;

/**
 * What a webhook is: events to apply, a handshake to answer, or a refusal (wrong signature: `status` 403;
 * `malformed`: the signature is right or not asked for, but the payload cannot be read).
 */
export type WebhookReading =
  | { kind: 'events'; events: ChannelEvent[] }
  | {
      kind: 'handshake';
      answer: { status: number; headers: Record<string, string>; body: string };
      /** A request that must succeed before the handshake is answered; its host is one that the spec names. */
      confirm?: HttpRequest;
    }
  | { kind: 'refused'; status: number; reason: string }
  | { kind: 'malformed'; reason: string };

/** A session that a spec's `auth` obtained. `expiresAt` is ISO 8601 UTC. */
export interface Session {
  token: string;
  expiresAt: string;
  /** True where the provider would have given the token that it refused once more, and was asked for another. */
  insisted?: boolean | undefined;
}

/** What the steps of a part gave so far, by their names. */
export type StepValues = Readonly<Record<string, unknown>>;

/** A request that must be made before a part's own: a file downloaded, or uploaded to the provider. */
export interface Step {
  name: string;
  /** `download` and `head` go to a customer's URL; `request` to the provider. */
  kind: 'download' | 'head' | 'request';
  request(values: StepValues): MaybePromise<HttpRequest>;
  /** What the answer gives to later steps and to the part. */
  read(answer: { status: number; headers: Record<string, string>; bytes: Uint8Array }): Promise<StepReading>;
  /** Stands for what it gives where nothing is sent. */
  placeholder: unknown;
}
export type StepReading = { outcome: 'done'; value: unknown } | FailedOutcome;

/** One request's worth of a message: what goes before it, and the request. */
export interface MessagePart {
  steps: readonly Step[];
  request(values: StepValues): MaybePromise<HttpRequest>;
}

/** What a provider answered to: a part of a message. */
export interface Sent {
  message: OutboundMessage;
  part: { index: number; count: number };
}

/** Messages per second, and how many may go at once after a pause. */
interface SendingRate {
  perSecond: number;
  burst: number;
}

/** How fast one sender may send; with `by`, as the value of one of its fields says, where that value is listed. */
export interface ChannelRate extends SendingRate {
  by?: { field: string; rates: Record<string, SendingRate> } | undefined;
}

/** One channel, compiled from its spec. Made by `compileChannel`; no method touches the network or AWS. */
export interface Channel {
  readonly name: string;
  readonly address: {
    /** What an address starts with in Twilio's API: `whatsapp:`; empty for SMS. */
    scheme: string;
    /**
     * An address in Twilio's spelling without scheme (`+15551234567`) → the engine's (`15551234567`), or undefined if it is
     * not one. A sender's may look different from a contact's, which is what is meant unless said otherwise.
     */
    parse(text: string, side?: 'contact' | 'sender'): string | undefined;
    /** The reverse, with scheme: `15551234567` → `whatsapp:+15551234567`. */
    format(address: string): string;
  };
  readonly limits: { textLength: number; rate: ChannelRate };
  /**
   * Hours after a contact's last message in which free-form messages are allowed, how many of them (undefined: any number),
   * and what may be sent at any time; undefined where there is no window.
   */
  readonly window:
    | { hours: number; count?: number | undefined; errorCode: number; outside: readonly ('template' | 'tag')[] }
    | undefined;
  /**
   * Whether a message whose attempt may or may not have reached the provider is sent again, or given up, after `wait` seconds in
   * which a status may tell (0: at once).
   */
  readonly inDoubt: { wait: number; resend: boolean };
  /** Seconds a message may wait to be sent when the customer gives no `ValidityPeriod`. */
  readonly validityPeriod: number;
  /** True where a status names only the channel's message id, so an id → SID pointer must be kept. */
  readonly needsIdPointer: boolean;
  /** True where a status may be about all messages to a contact up to some time, so what was sent must be listed by contact. */
  readonly hasWatermarks: boolean;
  /** True where contacts may take messages back, so what they sent must be found by the channel's id. */
  readonly hasDeletions: boolean;
  /** True where a webhook is read with the sender's secrets: for its signature, its handshake, its envelope. */
  readonly webhooksNeedSecrets: boolean;
  /** What a webhook that was taken is answered with. */
  readonly webhookAnswer: { status: number; headers: Record<string, string>; body: string };
  /** Registration: what a sender needs, by name, with the description an error message shows. */
  readonly registration: {
    fields: Record<string, DescribedInput>;
    secrets: Record<string, DescribedInput>;
    /** False where no request of `connect` tells the provider the webhook, so that people paste it into its console. */
    setsWebhook: boolean;
    /** How the gateway registers a number itself, and what that needs instead; absent where it cannot. */
    workflow?: DescribedWorkflow;
  };

  /** Why the channel cannot send this message, for the customer; undefined when it can. Costs no more than choosing its cases. */
  supports(message: OutboundMessage, sender: SenderContext): Promise<Unsupported | undefined>;
  /** The parts of a message, in the order they are sent; throws `UnsupportedMessageError` for a kind the channel lacks. */
  plan(message: OutboundMessage, sender: SenderContext, session?: Session): Promise<MessagePart[]>;
  /** Every request of a plan, steps included, with placeholders for what only an answer could give. Throws as `plan` does. */
  render(message: OutboundMessage, sender: SenderContext, session?: Session): Promise<HttpRequest[]>;
  /** What a provider's answer means. `sent` is what it answers to; without it an id of our own making is missing. */
  interpret(answer: HttpAnswer, sent?: Sent): Promise<Outcome>;
  /** Why a request that is no message failed; undefined when it did not. An error inside a success is one. */
  refusal(answer: HttpAnswer): Promise<FailedOutcome | undefined>;
  /**
   * Verifies, answers handshakes, normalises. With `verified` nothing is checked: it was before. That is so, too, where there is
   * no `sender` (command line only).
   */
  receive(webhook: WebhookRequest, sender: SenderContext | undefined, verified?: boolean): Promise<WebhookReading>;

  /** How a session is obtained; undefined where the credentials are static. */
  readonly login:
    | {
        /** Seconds before expiry at which it is renewed. */
        renewBefore: number;
        /**
         * @param at now, ms since the epoch: an assertion says when it was made
         * @param again whether the last login gave out a token that had been refused
         * @param last the session that is renewed, which may have to be shown; none where it has ended or was refused
         */
        request(sender: SenderContext, at: number, again?: boolean, last?: Session): Promise<HttpRequest>;
        /**
         * What a sender has without a login, where that may be: the customer's own token as its first session, or no session at
         * all, because its requests carry that token for ever. Undefined for a sender that must log in.
         */
        given?(sender: SenderContext, at: number): Promise<{ session?: Session } | undefined>;
        /** Throws `ChannelAnswerError` when the answer holds no session. */
        session(answer: HttpAnswer, at: number): Promise<Session>;
      }
    | undefined;
  /**
   * The request that downloads an inbound media item; undefined where all come as URLs that need no credentials, and for an
   * item that is one of those.
   */
  readonly download:
    | ((media: InboundMedia, sender: SenderContext, session?: Session) => Promise<HttpRequest>)
    | undefined;
  /**
   * What came of a download by id: the file itself, a request for where the file is, or a failure that came as a success.
   * Undefined where an answer that succeeds is the file.
   */
  readonly downloaded:
    | ((answer: HttpAnswer, sender: SenderContext, session?: Session) => Promise<DownloadReading>)
    | undefined;
  /** The requests that connect a new sender (set its webhook …), in order. */
  connect(sender: SenderContext, webhookUrl: string, session?: Session): Promise<HttpRequest[]>;
  /** The requests that undo this when a sender is deleted, in order. */
  disconnect(sender: SenderContext, session?: Session): Promise<HttpRequest[]>;
}

/** A media item of an inbound message: the channel's id of it, or where it is. */
export interface InboundMedia {
  id?: string | undefined;
  url?: string | undefined;
}

export type DownloadReading = { kind: 'file' } | { kind: 'elsewhere'; request: HttpRequest } | FailedOutcome;

/** Why a message cannot be sent: `media` when it is the type of a file that the channel lacks. */
export interface Unsupported {
  what: 'media' | 'kind';
  reason: string;
}

/** The channel has no such message kind; `message` says which and why. */
export class UnsupportedMessageError extends Error {
  readonly what: Unsupported['what'];

  constructor(message: string, what: Unsupported['what'] = 'kind') {
    super(message);
    this.what = what;
  }
}

/** A provider's answer lacks what the spec says it holds. */
export class ChannelAnswerError extends Error {}
