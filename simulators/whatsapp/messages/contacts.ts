import { anyObject, array, type Check, object, optional, string } from '../shape.ts';

const details = optional(array(anyObject));
const text = optional(string({ min: 0 }));

const name = object({
  formatted_name: string(),
  first_name: text,
  last_name: text,
  middle_name: text,
  suffix: text,
  prefix: text,
});

/** Cards of an address book; only the formatted name is required. */
export const contactsContent: Check<unknown> = array(
  object({
    name,
    phones: details,
    emails: details,
    addresses: details,
    urls: details,
    ims: details,
    org: optional(anyObject),
    birthday: text,
  }),
  { min: 1 },
);
