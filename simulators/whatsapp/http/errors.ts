import { ShapeError, type ShapeProblem } from '../shape.ts';

/*
 * The container's error codes, with their fixed titles. The HTTP status of most was never documented: those are a best
 * guess and no client should depend on them.
 */
const ERRORS: Record<number, { title: string; status: number }> = {
  400: { title: 'Media download error', status: 400 },
  402: { title: 'Business eligibility, payment issue', status: 400 },
  408: { title: 'Message is not valid', status: 400 },
  410: { title: 'Message expired', status: 400 },
  429: { title: 'Rate limit hit', status: 429 },
  430: { title: 'Unsigned certificate', status: 400 },
  432: { title: 'Certificate ID mismatch', status: 400 },
  433: { title: 'Certificate signature invalid', status: 400 },
  470: { title: 'Re-engagement message', status: 400 },
  471: { title: 'Spam rate limit hit', status: 400 },
  472: { title: "User's number is part of an experiment", status: 400 },
  480: { title: 'User potentially changed', status: 400 },
  500: { title: 'Generic error', status: 500 },
  501: { title: 'Unknown message type', status: 400 },
  1000: { title: 'Generic error', status: 400 },
  1001: { title: 'Message too long', status: 400 },
  1002: { title: 'Invalid recipient type', status: 400 },
  1004: { title: 'Resource already exists', status: 409 },
  1005: { title: 'Access denied', status: 403 },
  1006: { title: 'Resource not found', status: 404 },
  1008: { title: 'Required parameter is missing', status: 400 },
  1009: { title: 'Parameter value is not valid', status: 400 },
  1010: { title: 'Parameter is not required', status: 400 },
  1011: { title: 'Service not ready', status: 503 },
  1013: { title: 'User is not valid', status: 400 },
  1014: { title: 'Internal error', status: 500 },
  1015: { title: 'Too many requests', status: 429 },
  1016: { title: 'System overloaded', status: 503 },
  1017: { title: 'Not Primary Master', status: 503 },
  1018: { title: 'Not Primary Coreapp', status: 503 },
  1021: { title: 'Bad User', status: 400 },
  1022: { title: 'Webhooks URL is not configured', status: 400 },
  1023: { title: 'Database error occurred', status: 500 },
  1024: { title: 'Password Change Required', status: 400 },
  1025: { title: 'Invalid Request', status: 400 },
  1026: { title: 'Receiver incapable', status: 400 },
  1028: { title: 'Identity change needs acknowledgement', status: 400 },
  1031: { title: 'Sender account has been locked', status: 403 },
  2000: { title: 'Template Param Count Mismatch', status: 400 },
  2001: { title: 'Template Missing', status: 400 },
  2002: { title: 'Template Fetch Failed', status: 400 },
  2003: { title: 'Template Pack Missing', status: 400 },
  2004: { title: 'Param Length Too Long', status: 400 },
  2005: { title: 'Hydrated Text Too Long', status: 400 },
  2006: { title: 'White Space Policy Violated', status: 400 },
  2007: { title: 'Format Character Policy Violated', status: 400 },
  2008: { title: 'Media Format Unsupported', status: 400 },
  2009: { title: 'Required Component Missing', status: 400 },
  2012: { title: 'Parameter Format Mismatch', status: 400 },
  2013: { title: 'Buttons Unsupported', status: 400 },
  2015: { title: 'Invalid number of sections', status: 400 },
  2016: { title: 'Invalid number of rows', status: 400 },
  2036: { title: 'Invalid Header Structure', status: 400 },
  2060: { title: 'Template Rejected', status: 400 },
  2061: { title: 'Template Paused', status: 400 },
  2062: { title: 'Template Disabled', status: 400 },
};

/** One entry of an `errors` array, in an answer or in a webhook. */
export interface ErrorEntry {
  code: number;
  title: string;
  details?: string;
}

/** An entry with the code's own title. */
export function errorEntry(code: number, details?: string): ErrorEntry {
  const title = ERRORS[code]?.title ?? 'Generic error';
  return details === undefined ? { code, title } : { code, title, details };
}

/** A request that the container refuses: thrown anywhere below a route, answered as `{ meta, errors: [entry] }`. */
export class ApiError extends Error {
  readonly status: number;
  readonly entry: ErrorEntry;

  constructor(code: number, details?: string, status?: number) {
    const entry = errorEntry(code, details);
    super(`${code} ${entry.title}`);
    this.entry = entry;
    this.status = status ?? ERRORS[code]?.status ?? 400;
  }
}

export function invalidCredentials(): ApiError {
  return new ApiError(1005, 'Invalid credentials.', 401);
}

/** The code that stands for an HTTP status when a fault names only the status. */
export function codeOfStatus(status: number): number {
  const codes: Record<number, number> = { 401: 1005, 403: 1005, 404: 1006, 429: 1015, 503: 1016 };
  return codes[status] ?? (status >= 500 ? 1014 : 1000);
}

const CODES: Record<ShapeProblem, number> = { missing: 1008, invalid: 1009, unexpected: 1010, 'too-long': 1001 };

/** What the container says about a body that a check refused. */
export function fromShape(error: ShapeError): ApiError {
  return new ApiError(CODES[error.problem], error.message);
}

/** Runs a check on a request's body, complaining with the container's codes. */
export function checked<T>(check: (value: unknown, path: string) => T, value: unknown, path = ''): T {
  try {
    return check(value, path);
  } catch (error) {
    throw error instanceof ShapeError ? fromShape(error) : error;
  }
}
