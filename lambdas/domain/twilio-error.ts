/** The HTTP status of each code that the API itself answers with. Codes and statuses are Twilio's. */
const STATUS_OF = {
  20003: 401,
  20004: 405,
  20007: 400,
  20009: 409,
  20404: 404,
  20422: 400,
  20500: 500,
  20503: 503,
  21211: 400,
  21212: 400,
  21266: 400,
  21602: 400,
  21603: 400,
  21604: 400,
  21606: 400,
  21609: 400,
  21611: 400,
  21617: 400,
  21620: 400,
  21623: 400,
  21624: 400,
  21654: 400,
  21655: 400,
  21656: 400,
  21664: 400,
  21705: 400,
  21910: 400,
  30400: 400,
  30404: 404,
  30409: 409,
  35111: 400,
  35114: 400,
  35115: 400,
  35117: 400,
  35126: 400,
  35127: 400,
  63005: 400,
  63007: 400,
  63031: 400,
  63100: 400,
} as const;
export type TwilioErrorCode = keyof typeof STATUS_OF;

/**
 * Something is wrong with a request, in Twilio's words: thrown anywhere below a handler, answered by one middleware.
 * `message` goes to the caller as it is: never put a secret, or anything derived from one, in it.
 * Not for failures of ours: anything else that is thrown is answered 500 without details.
 */
export class TwilioError extends Error {
  readonly status: number;
  readonly code: TwilioErrorCode;
  readonly detail: string | undefined;

  /** @param options `status` replaces the code's usual one; `detail` is a second sentence, shown apart */
  constructor(code: TwilioErrorCode, message: string, options: { status?: number; detail?: string } = {}) {
    super(message);
    this.code = code;
    this.status = options.status ?? STATUS_OF[code];
    this.detail = options.detail;
  }

  /** The answer's JSON body, keys in Twilio's order. */
  toBody(): Record<string, string | number> {
    return {
      code: this.code,
      ...(this.detail !== undefined && { detail: this.detail }),
      message: this.message,
      more_info: `https://www.twilio.com/docs/errors/${this.code}`,
      status: this.status,
    };
  }
}

/** The answer for a path or a SID that names nothing the caller may see. */
export function notFound(path: string): TwilioError {
  return new TwilioError(20404, `The requested resource ${path} was not found`);
}
