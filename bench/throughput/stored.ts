import { z } from 'zod';
import type { LocalStack } from '../../local/stack.ts';

const storedSchema = z.object({
  sid: z.string(),
  status: z.string(),
  direction: z.string(),
  timeline: z.array(z.object({ at: z.string(), event: z.string() })),
});

/** A message as the gateway keeps it. */
export type StoredMessage = z.infer<typeof storedSchema>;

/** Every message in the table of a local stack. */
export async function storedMessages(stack: LocalStack): Promise<StoredMessage[]> {
  return (await stack.items()).flatMap((item) => ('timeline' in item ? [storedSchema.parse(item)] : []));
}

/** When something first happened to a message, in milliseconds since the epoch; undefined when it has not. */
export function timeOf(message: StoredMessage, event: string): number | undefined {
  const entry = message.timeline.find((candidate) => candidate.event === event);
  return entry && Date.parse(entry.at);
}
