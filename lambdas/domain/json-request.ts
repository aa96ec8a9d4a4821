import type * as z from 'zod';
import { TwilioError } from './twilio-error.ts';

/** The error for a body that is wrong: one sentence per mistake. */
export function invalid(mistakes: readonly string[], options?: { status?: number }): TwilioError {
  return new TwilioError(63100, `Validation error: ${mistakes.join('; ')}`, options);
}

/** The error for a request that is right, but comes at the wrong time. */
export const conflict = (mistake: string): TwilioError => invalid([mistake], { status: 409 });

/** Reads a JSON body by a schema whose keys are in snake_case; throws 63100 naming every mistake. */
export function validated<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(snakeCased(body));
  if (result.success) return result.data;
  throw invalid(result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`));
}

/**
 * The same JSON with its keys in snake_case: the SDKs' typed classes send camelCase, their documentation shows snake_case.
 * Twilio loses the camelCase ones silently; here both mean the same.
 */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeCased(inner)]));
}

export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
