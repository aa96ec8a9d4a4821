import * as z from 'zod';
import { encodingSchema, requestSchema } from './http/request.ts';
import { envelopeSchema } from './primitives/envelopes/registry.ts';
import { signatureSchema } from './primitives/signatures/registry.ts';

const condition = z.string();

const messageKeys = {
  id: z.string().describe("The provider's message id"),
  from: z.string().describe("The contact's address"),
  to: z.string().describe("The sender's address; the sender that the webhook came for unless said otherwise"),
  timestamp: z
    .string()
    .describe(
      'When it was sent: seconds or milliseconds since the epoch, or a date; when it came if the hole yields nothing',
    ),
  opensWindow: z
    .union([z.string(), z.boolean()])
    .describe('False for what does not open the window: a tap on a menu is no message'),
  kind: z.string().describe("The channel's own word for the kind"),
  text: z.string().describe('The text, or the caption of media'),
  media: z
    .union([
      z.string(),
      z.array(
        z
          .strictObject({
            id: z.string().describe("The provider's id of a file that is downloaded with `inbound.media`"),
            url: z.string().describe('Or where it can be fetched as it is'),
            contentType: z.string(),
            filename: z.string(),
          })
          .partial(),
      ),
    ])
    .describe('The media items'),
  location: z
    .union([
      z.string(),
      z.strictObject({
        latitude: z.string(),
        longitude: z.string(),
        label: z.string().optional(),
        address: z.string().optional(),
      }),
    ])
    .describe('A place'),
  button: z
    .union([z.string(), z.strictObject({ text: z.string(), payload: z.string().optional() })])
    .describe('The button that was pressed: its label, and what it stands for'),
  contacts: z.string().describe('Contact cards, as the channel writes them'),
  reaction: z
    .union([z.string(), z.strictObject({ messageId: z.string(), emoji: z.string().optional() })])
    .describe('A reaction to a message; without `emoji` it is taken back'),
  replyTo: z.string().describe("The provider's id of the message that this one answers"),
  profileName: z.string().describe("The contact's name"),
  forwarded: z.string().describe('True for a forwarded message'),
  referral: z.union([z.string(), z.record(z.string(), z.json())]).describe('What led the contact here: an ad, a link'),
};

const statusKeys = {
  id: z.string().describe("The provider's message id"),
  sid: z.string().describe('Or our SID, where it travels with the message and comes back'),
  to: z.string().describe("The contact's address"),
  from: z.string().describe("The sender's address; the sender that the webhook came for unless said otherwise"),
  before: z
    .string()
    .describe('Instead of an id: a time; it is about all messages to the contact `to` that were sent up to then'),
  timestamp: z.string().describe('When it happened: seconds or milliseconds since the epoch, or a date'),
  status: z.string().describe("The provider's word, which `statuses` translates"),
  foreign: z
    .union([z.string(), z.boolean()])
    .describe(
      "True where it may be about a message that is not ours: a contact's, or one that was sent by other means. If its message " +
        'does not become known it is dropped, and kept as a dead letter otherwise',
    ),
  error: z
    .strictObject({ code: z.string(), title: z.string().optional() })
    .describe('Why it failed; `errors.rules` give the Twilio code'),
};

const deletionKeys = {
  id: z.string().describe("The provider's id of the message that was taken back"),
  from: z.string().describe("The contact's address"),
  to: z.string().describe("The sender's address; the sender that the webhook came for unless said otherwise"),
};

const accountKeys = {
  name: z.string().describe('What happened, in one word'),
  detail: z.json().describe('The facts; never message text'),
};

const groupShape = {
  each: z
    .record(z.string().regex(/^[a-z]\w*$/i, 'a name for the element: letters and digits'), z.string())
    .optional()
    .describe(
      'Lists to go through, each under a name that expressions then use: `{ message: "{% webhook.body.messages %}" }`. ' +
        'A later one is read within an element of the earlier. Without it the webhook is one event',
    ),
  when: condition.optional().describe('A condition for elements; where it does not hold there is no event'),
};

/** A kind of event: common keys, and cases that add theirs. */
function eventGroup<Type extends string, Keys extends Record<string, z.ZodType>>(
  type: Type,
  keys: Keys,
  about: string,
) {
  const partial = z.strictObject(keys).partial();
  return z
    .strictObject({
      type: z.literal(type).describe(about),
      ...groupShape,
      event: partial.describe('Keys that every such event has; one whose hole yields nothing is left out'),
      cases: z
        .array(
          z.strictObject({
            when: condition.optional().describe('When this case applies'),
            event: partial.describe('The keys it adds'),
          }),
        )
        .optional()
        .describe('Keys by condition: the first case that holds adds its own'),
    })
    .describe(about);
}

export const eventGroupSchema = z
  .discriminatedUnion('type', [
    eventGroup('message', messageKeys, 'Messages from contacts'),
    eventGroup('status', statusKeys, 'What became of our messages'),
    eventGroup('deletion', deletionKeys, 'Messages that contacts took back; what is stored of them is removed'),
    eventGroup('account', accountKeys, 'News about the account: templates, quality, settings, errors'),
    z
      .strictObject({ type: z.literal('ignore').describe('Known, and of no interest'), ...groupShape })
      .describe('What is known and makes no event; a webhook in which nothing is known is kept as a dead letter'),
  ])
  .describe('How a part of a payload becomes events');
export type EventGroupSpec = z.infer<typeof eventGroupSchema>;

const hosts = z
  .array(z.string().regex(/^(\*|[a-z0-9-]+)(\.(\*|[a-z0-9-]+))*$/i, 'a host name, with `*` for a label'))
  .min(1)
  .describe('The only hosts that it may be: `["sns.*.amazonaws.com"]`; `*` stands for one label');

const handshakeSchema = z
  .strictObject({
    when: condition.describe('What tells a handshake from an event: `{% webhook.method = "GET" %}`'),
    check: z
      .strictObject({
        given: z.string().describe('What the webhook says'),
        expected: z.string().describe('What it must say'),
      })
      .optional()
      .describe('Two values that must be the same, compared in constant time; else 403'),
    signature: z.boolean().default(false).describe('True where handshakes are signed as events are'),
    request: z
      .strictObject({ url: z.string().describe('The URL, from the webhook'), hosts })
      .optional()
      .describe('A GET over HTTPS that confirms it, made before it is answered'),
    answer: z
      .strictObject({
        status: z.int().default(200),
        headers: z.record(z.string(), z.string()).default({}).describe('Headers of the answer'),
        body: z.string().default('').describe('The body, and nothing around it'),
      })
      .default({ status: 200, headers: {}, body: '' })
      .describe('What it is answered with'),
  })
  .describe('How the provider checks that the webhook is ours');

const mediaSchema = requestSchema
  .extend({
    link: z
      .strictObject({
        url: z
          .string()
          .describe(
            'Where the answer has the URL of the file: `{% answer.body.url %}`; the answer is the file if nowhere',
          ),
        hosts: hosts
          .optional()
          .describe(
            "Hosts of the provider where the file wants the credentials too, besides the host of `media`'s own URL",
          ),
      })
      .optional()
      .describe('For providers whose answer says where the file is'),
  })
  .describe(
    'How an inbound media item with an `id` is downloaded, with the credentials of `auth`. Names: `media.id`, `sender`, `session`',
  );

export const inboundSchema = z
  .strictObject({
    handshake: handshakeSchema.optional(),
    signature: signatureSchema,
    envelope: envelopeSchema.optional(),
    decode: encodingSchema.exclude(['multipart']).default('json').describe('How a payload is written'),
    payload: z
      .string()
      .optional()
      .describe(
        'What the webhook is about, read once: `{% $json(webhook.body.Message) %}`. Events see it as `payload`; without it ' +
          'they read `webhook.body`',
      ),
    media: mediaSchema.optional(),
    mediaAuth: z
      .strictObject({ hosts })
      .optional()
      .describe("Hosts of the provider whose media URLs want the credentials; a stranger's URL never gets them"),
    answer: z
      .strictObject({
        body: z.string().default(''),
        contentType: z.string().optional(),
      })
      .default({ body: '' })
      .describe('What a webhook that was taken is answered with; an empty 200 if not given'),
    events: z.array(eventGroupSchema).min(1).describe('How payloads become events'),
  })
  .describe('How webhooks are read');
export type InboundSpec = z.infer<typeof inboundSchema>;
