import * as z from 'zod';
import type { SenderProfile } from './sender.ts';
import { type AddressPolicy, checkUrl } from './url-policy.ts';

const text = (most: number) => z.string().trim().max(most, `is longer than ${most} characters`).nullish();
const url = z.string().trim().max(256, 'is longer than 256 characters');

/** `profile` of a Senders request. The lengths are WhatsApp's, on its devices and on its Cloud API. */
export const profileRequestSchema = z.strictObject({
  name: text(512),
  about: text(139),
  address: text(256),
  description: text(256),
  vertical: text(128),
  logo_url: z.string().trim().nullish(),
  emails: z
    .array(
      z.strictObject({
        email: z.email('is not an e-mail address').max(128, 'is longer than 128 characters'),
        label: text(128),
      }),
    )
    .max(1, 'are more than one, which is all that WhatsApp shows')
    .nullish(),
  websites: z
    .array(z.strictObject({ website: url, label: text(128) }))
    .max(2, 'are more than two, which is all that WhatsApp shows')
    .nullish(),
});
export type ProfileRequest = z.infer<typeof profileRequestSchema>;

const TEXTS = {
  about: 'about',
  address: 'address',
  description: 'description',
  vertical: 'vertical',
  logo_url: 'logoUrl',
} as const;

/** What is wrong with a profile beyond its form: URLs that nobody can open. */
export function profileMistakes(given: ProfileRequest, policy: AddressPolicy): string[] {
  const urls: [name: string, url: string | null | undefined][] = [
    ['logo_url', given.logo_url],
    ...(given.websites ?? []).map(({ website }, index): [string, string] => [`websites.${index}.website`, website]),
  ];
  return urls.flatMap(([name, value]) => {
    const problem = value ? checkUrl(value, policy) : undefined;
    return problem ? [`profile.${name}: ${problem.message}`] : [];
  });
}

/** A profile with what a request changes: what it names is changed, null and empty remove, the rest stays. */
export function profileOf(current: SenderProfile | undefined, given: ProfileRequest): SenderProfile {
  const changed: Record<string, unknown> = { ...current };
  const set = (name: string, value: unknown) => {
    if (value === undefined) return;
    const isEmpty = value === null || value === '' || (Array.isArray(value) && value.length === 0);
    if (isEmpty) delete changed[name];
    else changed[name] = value;
  };
  for (const [name, own] of Object.entries(TEXTS)) set(own, given[name as keyof typeof TEXTS]);
  set(
    'emails',
    mapped(given.emails, ({ email, label }) => ({ email, ...(label && { label }) })),
  );
  set(
    'websites',
    mapped(given.websites, ({ website, label }) => ({ website, ...(label && { label }) })),
  );
  return changed;
}

/** What is `null` is a list of nothing; what is not named stays so. */
function mapped<In, Out>(items: In[] | null | undefined, change: (item: In) => Out): Out[] | undefined {
  return items === undefined ? undefined : (items ?? []).map(change);
}

/** The names in a request beside `name`, which every sender has. */
export const profileDetails = (given: ProfileRequest): string[] => Object.keys(given).filter((name) => name !== 'name');
