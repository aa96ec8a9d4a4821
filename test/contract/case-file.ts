import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  httpAnswerSchema,
  outcomeSchema,
  type SenderContext,
  senderContextSchema,
  webhookRequestSchema,
} from '../../lambdas/channels/types.ts';

/*
 * The cases that stand beside every spec. Bodies are given as data; what a case leaves out of a request is not compared.
 */

const requestCase = z.strictObject({
  method: z.string().optional(),
  url: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
});
export type RequestCase = z.infer<typeof requestCase>;

const answerCase = httpAnswerSchema.extend({ body: z.unknown().default('') }).transform(({ body, ...rest }) => ({
  ...rest,
  body: typeof body === 'string' ? body : JSON.stringify(body),
}));

const event = z.record(z.string(), z.unknown());

const receiveCase = z.strictObject({
  label: z.string(),
  ...webhookRequestSchema.partial().shape,
  /** The payload as data … */
  body: z.unknown().optional(),
  /** … or exactly as it came, in `samples/`. */
  sample: z.string().optional(),
  /** Read as it stands, a provider's published example; all others are signed by the suite as the spec says. */
  signed: z.literal(true).optional(),
  /** When it comes; the file's `at` if not given. */
  at: z.iso.datetime().optional(),
  /** Secrets that the sender has besides. */
  secrets: z.record(z.string(), z.string()).optional(),
  events: z.array(event).optional(),
  handshake: z.strictObject({ status: z.number(), body: z.string(), confirm: z.string().optional() }).optional(),
  refused: z.int().optional(),
  malformed: z.literal(true).optional(),
});

const sessionCase = z.strictObject({ token: z.string(), expiresAt: z.string() });

export const caseFileSchema = z.strictObject({
  sender: senderContextSchema.partial({ fields: true, secrets: true }),
  session: sessionCase.optional(),
  /** The time, where signatures depend on it. */
  at: z.iso.datetime().default('2026-01-02T03:04:05Z'),
  login: z
    .strictObject({
      at: z.iso.datetime().default('2021-09-07T15:29:26Z'),
      /** Fields of the sender that logs in, where not every sender does. */
      fields: z.record(z.string(), z.string().nullable()).default({}),
      /** What the sender begins with instead, where it need not log in at once. */
      given: sessionCase.optional(),
      request: requestCase,
      /** Its session afterwards; the file's `session` where every sender logs in. */
      session: sessionCase.optional(),
      /** The request that renews that one, where it is exchanged. */
      renewal: requestCase.optional(),
      /** The request where that gave a refused token again, if it is another one. */
      again: requestCase.optional(),
      answers: z.array(
        z.strictObject({
          label: z.string(),
          answer: answerCase,
          session: sessionCase.optional(),
          fails: z.literal(true).optional(),
        }),
      ),
    })
    .optional(),
  connect: z.array(requestCase).default([]),
  disconnect: z.array(requestCase).default([]),
  download: z
    .strictObject({
      media: z.strictObject({ id: z.string() }),
      request: requestCase,
      /** Where the answer is not the file: what it is, and what is asked next. */
      follow: z.strictObject({ answer: answerCase, request: requestCase }).optional(),
    })
    .optional(),
  render: z
    .array(
      z.strictObject({
        label: z.string(),
        message: z.record(z.string(), z.unknown()),
        /** Fields of the sender for this message; null for one that it does not have. */
        fields: z.record(z.string(), z.string().nullable()).default({}),
        /** What the steps give, by name; placeholders for those that are not here. */
        steps: z.record(z.string(), z.unknown()).default({}),
        /** All requests in order, those of the steps too. */
        requests: z.array(requestCase).optional(),
        refused: z.string().optional(),
      }),
    )
    .min(1),
  interpret: z.array(z.strictObject({ label: z.string(), answer: answerCase, outcome: outcomeSchema })).min(1),
  /** Every code that the provider documents, in any number of lists. */
  knownCodes: z.array(z.array(z.union([z.string(), z.number()]))).default([]),
  receive: z.array(receiveCase).min(1),
});
export type CaseFile = z.infer<typeof caseFileSchema>;

/** The file's sender with a case's own fields over its own. */
export function senderOf(sender: SenderContext, { fields }: Pick<CaseFile['render'][number], 'fields'>): SenderContext {
  const all = Object.entries({ ...sender.fields, ...fields });
  return { ...sender, fields: Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null)) };
}

/** The cases beside a spec. */
export function readCases(specPath: string): CaseFile {
  return caseFileSchema.parse(parse(readFileSync(join(dirname(specPath), 'cases.yaml'), 'utf8')));
}

/** The payload of a case, as text. */
export function payloadOf(specPath: string, item: CaseFile['receive'][number]): string {
  if (item.sample !== undefined) return readFileSync(join(dirname(specPath), 'samples', item.sample), 'utf8');
  if (item.body === undefined) return '';
  return typeof item.body === 'string' ? item.body : JSON.stringify(item.body);
}
