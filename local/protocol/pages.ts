import { z } from 'zod';

/** What every listing call of AWS takes: how much to answer at a time, and where to go on. */
export const pageSchema = z.object({
  maxResults: z.number().int().min(1).max(100).optional(),
  nextToken: z.string().optional(),
});

/**
 * One page of a listing.
 * @param size how many when the caller does not say
 * @returns the page, and the token for the next one if there is one
 */
export function pageOf<Item>(
  items: readonly Item[],
  { maxResults, nextToken }: z.infer<typeof pageSchema>,
  size = 100,
): { page: Item[]; nextToken: string | undefined } {
  const from = nextToken === undefined ? 0 : Number(nextToken);
  const to = from + (maxResults ?? size);
  return { page: items.slice(from, to), nextToken: to < items.length ? String(to) : undefined };
}
