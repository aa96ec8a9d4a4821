import * as z from 'zod';
import { quoted, RegistrationRefused, sentence, TryAgain } from '../registration/errors.ts';

/** The device refused a request; asking again changes nothing. */
export class DeviceRefusal extends RegistrationRefused {
  readonly status: number;
  /** The container's error code, such as 1005; undefined where it gave none. */
  readonly code: number | undefined;
  /** What the container said, fit to be shown: the cause is only here, and its wording is not documented. */
  readonly words: string;

  constructor(purpose: string, status: number, { code, words }: DeviceErrorText) {
    super(
      sentence(`The device refused to ${purpose} (${inWords(status, code, words)})`),
      'Correct what the device names, then register the number again.',
    );
    this.status = status;
    this.code = code;
    this.words = words;
  }
}

interface DeviceErrorText {
  code?: number | undefined;
  words: string;
}

const errorsSchema = z.object({
  errors: z
    .array(z.object({ code: z.number().optional(), title: z.string().optional(), details: z.string().optional() }))
    .min(1),
});

/**
 * What passes by itself: not ready (1011), the core not reached (1014), too many requests (1015, 1016), another node is the
 * primary now (1017, 1018), the database (1023).
 */
const PASSING = new Set([1011, 1014, 1015, 1016, 1017, 1018, 1023]);

/**
 * Why a request failed; undefined when it did not. Some failures come inside an HTTP 200.
 * @param purpose what was tried, for a sentence that begins "The device refused to": `send the code`
 */
export function failureOf(status: number, json: unknown, purpose: string): Error | undefined {
  const parsed = errorsSchema.safeParse(json);
  if (!parsed.success && status >= 200 && status < 300) return undefined;
  const [first] = parsed.success ? parsed.data.errors : [];
  const code = first?.code;
  const words = quoted([first?.title, first?.details].filter((part) => part !== undefined).join(': '));
  const passes = code === undefined ? status === 429 || status >= 500 : PASSING.has(code);
  if (!passes) return new DeviceRefusal(purpose, status, { code, words });
  return new TryAgain(sentence(`The device cannot ${purpose} at the moment (${inWords(status, code, words)})`));
}

function inWords(status: number, code: number | undefined, words: string): string {
  const parts = [code === undefined ? `HTTP ${status}` : `code ${code}`, words];
  return parts.filter((part) => part !== '').join(', ');
}
