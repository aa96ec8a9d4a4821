import * as z from 'zod';

const messageStatus = z.enum(['sent', 'delivered', 'read', 'failed', 'undelivered']);

export const statusesSchema = z
  .union([z.literal('none'), z.record(z.string(), messageStatus)])
  .describe(
    "The provider's words for what became of a message → ours; a word that is not here becomes an account event. " +
      '`none` where the provider reports nothing',
  );
export type StatusesSpec = z.infer<typeof statusesSchema>;

/** Our word for the provider's, or undefined where the spec has none. */
export function statusOf(statuses: StatusesSpec, word: string): z.infer<typeof messageStatus> | undefined {
  return statuses !== 'none' && Object.hasOwn(statuses, word) ? statuses[word] : undefined;
}
