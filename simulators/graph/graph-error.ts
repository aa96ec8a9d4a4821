import { randomBytes } from 'node:crypto';
import type { Answer } from '../whatsapp/http/router.ts';

/** The HTTP statuses and titles of Meta's codes that this simulator answers; any other code is a 400. */
const KNOWN: Record<number, { status: number; message: string; type?: string }> = {
  1: { status: 400, message: 'An unknown error occurred' },
  2: { status: 503, message: 'Service temporarily unavailable' },
  4: { status: 400, message: 'Application request limit reached' },
  10: { status: 403, message: 'Application does not have permission for this action' },
  33: { status: 400, message: 'This business phone number has been deleted' },
  100: { status: 400, message: 'Invalid parameter' },
  104: { status: 401, message: 'An access token is required' },
  190: { status: 401, message: 'Invalid OAuth access token', type: 'OAuthException' },
  200: { status: 403, message: 'Permissions error' },
  80007: { status: 400, message: 'Rate limit issues' },
  131000: { status: 500, message: 'Something went wrong' },
  131031: { status: 403, message: 'Business account locked' },
  133000: { status: 400, message: 'Incomplete deregistration' },
  133005: { status: 400, message: 'Two step verification PIN Mismatch' },
  133006: { status: 400, message: 'Phone number re-verification needed' },
  133010: { status: 400, message: 'Phone number not registered' },
  133016: { status: 400, message: 'Account register deregister rate limit exceeded' },
  136024: { status: 400, message: 'Request code error' },
  136025: { status: 400, message: 'Verify code error' },
};

/** A request that Meta refuses, by its code; `details` says why. */
export class GraphError extends Error {
  readonly code: number;
  readonly subcode: number | undefined;
  readonly status: number;

  constructor(code: number, details: string, { subcode, status }: { subcode?: number; status?: number } = {}) {
    super(details);
    this.code = code;
    this.subcode = subcode;
    this.status = status ?? KNOWN[code]?.status ?? 400;
  }

  /** `{ "error": { … } }`, as Graph writes it. */
  get answer(): Answer {
    const { message = 'Error', type = 'OAuthException' } = KNOWN[this.code] ?? {};
    const error = {
      message: `(#${this.code}) ${message}`,
      type,
      code: this.code,
      ...(this.subcode !== undefined && { error_subcode: this.subcode }),
      error_data: { messaging_product: 'whatsapp', details: this.message },
      fbtrace_id: randomBytes(9).toString('base64url'),
    };
    return { status: this.status, json: { error } };
  }
}
