import * as z from 'zod';

/** A Twilio account. Its auth token is derived from `generation`, never stored. */
export const accountSchema = z.object({
  sid: z.string(),
  status: z.enum(['active', 'suspended', 'closed']),
  generation: z.number().int().positive(),
});
export type Account = z.infer<typeof accountSchema>;
