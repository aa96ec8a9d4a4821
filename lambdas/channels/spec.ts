import * as z from 'zod';
import { requestSchema } from './http/request.ts';
import { inboundSchema } from './inbound.ts';
import { outboundSchema } from './outbound.ts';
import { addressSchema } from './primitives/addresses.ts';
import { authSchema } from './primitives/auth/registry.ts';
import { errorsSchema } from './primitives/errors.ts';
import { textUnitSchema } from './primitives/splitting/measure.ts';
import { statusesSchema } from './primitives/statuses.ts';
import { registrationInputSchema, registrationWorkflowSchema } from './registration.ts';

const rateShape = {
  perSecond: z.number().positive().describe('Messages per second'),
  burst: z.int().positive().describe('How many may go at once after a pause'),
};

/**
 * A channel spec: one provider's API as data. Values are literal, with `{% … %}` holes that hold JSONata; what each hole may
 * name is said at its key. Descriptions become the hover text of `specs/schema/channel.schema.json`.
 */
export const channelSpecSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, beginning with a letter')
      .describe("The channel's name, the same as its folder's"),
    title: z.string().describe('The name that people use'),
    address: addressSchema,
    limits: z
      .strictObject({
        text: z
          .strictObject({
            max: z.int().positive().describe('The longest text of one message; longer ones are split'),
            unit: textUnitSchema,
          })
          .describe('How long a text may be'),
        rate: z
          .strictObject({
            ...rateShape,
            by: z
              .strictObject({
                field: z.string().describe("One of the sender's fields, of `registration.fields` or its workflow's"),
                rates: z
                  .record(z.string(), z.strictObject(rateShape))
                  .describe(
                    "Other rates, by that field's value; a sender with another value, or none, has the rate above",
                  ),
              })
              .optional()
              .describe('Where not all senders of the channel are equally fast'),
          })
          .describe('How fast one sender may send, unless it has a setting of its own'),
      })
      .describe('What the provider allows'),
    window: z
      .strictObject({
        hours: z
          .number()
          .positive()
          .describe("Hours after a contact's last message in which free-form messages are allowed"),
        count: z
          .int()
          .positive()
          .optional()
          .describe("How many messages may be sent after each of the contact's; no such limit if not given"),
        errorCode: z.int().default(63_016).describe("Twilio's error code for a message outside it"),
        outside: z
          .array(z.enum(['template', 'tag']))
          .default(['template'])
          .describe('What may be sent at any time: a `template`, or a message with a `tag`'),
      })
      .optional()
      .describe(
        'The time in which free-form messages are allowed, after it only templates; leave out where there is no such rule',
      ),
    auth: authSchema,
    registration: z
      .strictObject({
        fields: z
          .record(z.string(), registrationInputSchema)
          .default({})
          .describe('What is public: a URL, a number id'),
        secrets: z.record(z.string(), registrationInputSchema).default({}).describe('What is secret: passwords, keys'),
        connect: z
          .array(requestSchema)
          .default([])
          .describe('Requests that connect a new sender, in order. Names: `webhook.url`, `sender`, `session`'),
        disconnect: z
          .array(requestSchema)
          .default([])
          .describe('Requests that undo this when a sender is deleted, in order. Names: `sender`, `session`'),
        workflow: registrationWorkflowSchema.optional(),
      })
      .describe('What a new sender needs'),
    outbound: outboundSchema,
    errors: errorsSchema,
    inbound: inboundSchema,
    statuses: statusesSchema,
  })
  .describe('A channel spec');

/** A spec with its defaults filled in. */
export type ChannelSpec = z.infer<typeof channelSpecSchema>;
