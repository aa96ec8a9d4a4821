import * as z from 'zod';
import type { HttpAnswer } from '../../channels/types.ts';
import { quoted, RegistrationRefused, sentence, TryAgain } from '../registration/errors.ts';

/** Meta refused a call; asking again changes nothing. */
export class GraphRefusal extends RegistrationRefused {
  /** Meta's error code; undefined where something on the way answered. */
  readonly code: number | undefined;
  /** What Meta said, fit to be shown. */
  readonly words: string;

  constructor(problem: string, action: string, code: number | undefined, words: string) {
    super(problem, action);
    this.code = code;
    this.words = words;
  }
}

const errorSchema = z.object({
  error: z.object({
    code: z.number().optional(),
    error_subcode: z.number().optional(),
    message: z.string().optional(),
    error_user_msg: z.string().nullish(),
    error_data: z.union([z.object({ details: z.string().optional() }), z.string()]).nullish(),
    is_transient: z.boolean().optional(),
  }),
});

const NEW_TOKEN =
  'Make a system user token with whatsapp_business_management and whatsapp_business_messaging, and register the number again with it as configuration.accessToken.';
const CHECK_IDS =
  'Check configuration.wabaId, and that the system user of the token has full control of that WhatsApp Business Account.';
const WAIT_FOR_PIN =
  'Wait as long as Meta says, then register the number again with its two-step PIN as configuration.pin.';

/** Meta's troubles, and its limits: they pass. From the table in the Cloud API's error reference. */
const PASSING = new Set([1, 2, 4, 17, 613, 80007, 130429, 131000, 131016, 131057, 133004]);

/** What a code means for whoever registers a number, and what to do. Meta's titles change, its codes do not. */
const MEANINGS: [codes: (code: number) => boolean, problem: string, action: string][] = [
  [is(0, 104, 190), 'Meta does not accept the access token: it has expired, was revoked, or is wrong', NEW_TOKEN],
  [
    (code) => is(3, 10, 131005)(code) || (code >= 200 && code <= 299),
    'Meta says that the access token may not do this',
    `${NEW_TOKEN} ${CHECK_IDS}`,
  ],
  [is(33), 'Meta finds nothing with this id that the access token may use', CHECK_IDS],
  [
    is(368),
    'Meta has restricted the WhatsApp Business Account for breaking a policy',
    'See the account in WhatsApp Manager, appeal there, and register the number again once it is free.',
  ],
  [
    is(131031),
    'Meta has locked the account, or the two-step PIN is wrong',
    'See the account in WhatsApp Manager; register the number again with its two-step PIN as configuration.pin.',
  ],
  [
    is(131042, 134011),
    'Meta wants the payment of the WhatsApp Business Account to be settled first',
    'Complete the payment method or its terms in WhatsApp Manager, then register the number again.',
  ],
  [
    is(133005),
    'The two-step PIN is wrong',
    'Register the number again with its PIN as configuration.pin. Who has lost it sets a new one in WhatsApp Manager.',
  ],
  [is(133006), 'The number is not verified yet', 'Register the number again and post the code that it receives.'],
  [is(133008), 'A wrong two-step PIN was tried too often', WAIT_FOR_PIN],
  [is(133009), 'Two-step PINs were tried too fast', WAIT_FOR_PIN],
  [is(133010), 'The number is not registered', 'Register the number again.'],
  [is(133015), 'The number was deleted only just now', 'Wait five minutes, then register it again.'],
  [
    is(133016),
    'The number was registered or deregistered more than ten times in 72 hours, and Meta blocks it for 72 hours',
    'Wait three days, then register it again.',
  ],
];

/** What to do about anything else. */
const OTHERWISE = 'Correct what Meta names, then register the number again.';

/**
 * Why a call failed; undefined when it did not. An error may come inside an HTTP 200.
 * @param purpose what was tried, for a sentence that begins "Meta refused to": `add the number`
 * @param hide what must not be shown, whatever the answer says
 */
export function failureOf(answer: HttpAnswer, purpose: string, hide: readonly string[]): Error | undefined {
  const { status } = answer;
  const parsed = errorSchema.safeParse(parseJson(answer.body));
  const error = parsed.success ? parsed.data.error : undefined;
  if (!error && status >= 200 && status < 300) return undefined;
  const words = wordsOf(error, hide);
  const code = error?.code;
  const inWords = [code === undefined ? '' : `code ${code}`, words].filter((part) => part !== '').join(': ');
  const passes = code === undefined ? status === 429 || status >= 500 : PASSING.has(code) || status === 429;
  if (passes || error?.is_transient) {
    return new TryAgain(sentence(`Meta cannot ${purpose} at the moment (${inWords || `HTTP ${status}`})`));
  }
  const meaning = code === undefined ? undefined : MEANINGS.find(([applies]) => applies(code));
  const problem = meaning?.[1] ?? `Meta refused to ${purpose}`;
  return new GraphRefusal(
    sentence(`${problem} (${inWords || `HTTP ${status}`})`),
    meaning?.[2] ?? OTHERWISE,
    // Meta spells "there is no such object" as code 100 with subcode 33.
    code === 100 && error?.error_subcode === 33 ? 33 : code,
    words,
  );
}

/** The JSON of a body, or undefined. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Secrets are long; what is shorter may be a part of any word. */
function wordsOf(error: z.infer<typeof errorSchema>['error'] | undefined, hide: readonly string[]): string {
  const details = typeof error?.error_data === 'string' ? error.error_data : error?.error_data?.details;
  const words = error?.error_user_msg || details || error?.message || '';
  return quoted(hide.reduce((text, secret) => (secret.length < 8 ? text : text.replaceAll(secret, '…')), words));
}

function is(...codes: number[]): (code: number) => boolean {
  return (code) => codes.includes(code);
}
