import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { RegistrationRefused } from './errors.ts';

/** A number as APIs want it: country code (`1`) and the rest (`5550100200`). @param address digits, `15550100200` */
export function numberParts({ address }: { address: string }): { cc: string; phoneNumber: string } {
  const parsed = parsePhoneNumberFromString(`+${address}`);
  if (parsed) return { cc: parsed.countryCallingCode, phoneNumber: parsed.nationalNumber };
  throw new RegistrationRefused(
    'The number begins with no known country code.',
    'Delete the sender, and register the number with its country code.',
  );
}
