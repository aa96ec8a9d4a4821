import * as z from 'zod';
import { EvaluationError, type Evaluator } from '../expressions/expression.ts';
import type { Roots, Scope } from '../expressions/scope.ts';
import type { TemplateCompiler } from '../expressions/template.ts';
import type { SpecPath } from '../mistakes.ts';
import { type ErrorClass, errorClassSchema, type Outcome } from '../types.ts';

const verdictShape = {
  class: errorClassSchema.describe(
    'What to do: `retry` later; `rate-limited`, wait; `auth`, get new credentials; `recipient`, this contact cannot be ' +
      'reached; `window`, a template is needed; `permanent`, give up',
  ),
  twilioCode: z.int().min(10_000).max(99_999).describe("Twilio's error code for it"),
  scope: z
    .enum(['contact', 'sender'])
    .optional()
    .describe(
      'Whom it stops: one `contact`, or all that the `sender` sends; by default the sender for `auth` and `rate-limited`',
    ),
  retryAfter: z.int().positive().optional().describe('Seconds to wait where the answer has no `Retry-After`'),
};

const verdictSchema = z.strictObject(verdictShape).describe('What a failure means');

const ruleSchema = z
  .strictObject({
    codes: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional()
      .describe("The provider's codes that it is about"),
    status: z.array(z.int().min(100).max(599)).min(1).optional().describe('The HTTP statuses that it is about'),
    when: z.string().optional().describe('A condition on `answer` that must hold besides'),
    ...verdictShape,
  })
  .describe('One or more failures that mean the same. All that is given must hold: code, status, condition');

export const errorsSchema = z
  .strictObject({
    code: z.string().optional().describe("Where an answer has the provider's error code, whatever its HTTP status"),
    title: z.string().optional().describe('Where an answer has a short title without personal data'),
    success: z
      .array(z.union([z.string(), z.number()]))
      .default([])
      .describe('Codes that mean success: `[0]`'),
    rules: z.array(ruleSchema).describe('What failures mean; the first that fits decides'),
    default: z
      .strictObject({
        '2xx': verdictSchema.describe('An answer that succeeds by its status and yet holds no message id'),
        '3xx': verdictSchema,
        '4xx': verdictSchema,
        '429': verdictSchema,
        '5xx': verdictSchema,
      })
      .describe('What any other failure means, by family of HTTP status'),
  })
  .describe('What failures mean');
export type ErrorsSpec = z.infer<typeof errorsSchema>;
type Verdict = z.infer<typeof verdictSchema>;
type Rule = z.infer<typeof ruleSchema>;
type Failed = Extract<Outcome, { outcome: 'failed' }>;

export interface ErrorTable {
  /** The provider's code in a decoded answer; undefined where there is none, or where it means success. */
  codeOf(roots: Roots): Promise<string | undefined>;
  /** What a failed answer means; an answer that the expressions cannot read, by its status alone. */
  classify(roots: Roots, code: string | undefined): Promise<Failed>;
  /** Twilio's code for a provider's code that came in a status event. */
  twilioCode(code: string): number;
}

const SENDER_CLASSES: readonly ErrorClass[] = ['auth', 'rate-limited'];

export function compileErrors(spec: ErrorsSpec, path: SpecPath, scope: Scope, compiler: TemplateCompiler): ErrorTable {
  const code = compiler.template(spec.code, [...path, 'code'], scope);
  const title = compiler.template(spec.title, [...path, 'title'], scope);
  const success = new Set(spec.success.map(String));
  const rules = spec.rules.map((rule, index) => ({
    rule,
    codes: rule.codes && new Set(rule.codes.map(String)),
    when: rule.when === undefined ? undefined : compiler.template(rule.when, [...path, 'rules', index, 'when'], scope),
  }));
  findUnreachable(spec.rules, path, compiler);

  return {
    codeOf: async (roots) => {
      const value = await orNothing(code, roots);
      return value === undefined || value === null || success.has(String(value)) ? undefined : String(value);
    },
    classify: async (roots, providerCode) => {
      const answer = roots['answer'] as { status: number; headers: Record<string, string> };
      let verdict: Verdict | undefined;
      for (const { rule, codes, when } of rules) {
        if (codes && (providerCode === undefined || !codes.has(providerCode))) continue;
        if (rule.status && !rule.status.includes(answer.status)) continue;
        if (when && !(await orNothing(when, roots))) continue;
        verdict = rule;
        break;
      }
      verdict ??= defaultOf(spec.default, answer.status);
      const name = await orNothing(title, roots);
      const retryAfter = retryAfterOf(answer.headers) ?? verdict.retryAfter;
      return {
        outcome: 'failed',
        class: verdict.class,
        twilioCode: verdict.twilioCode,
        ...(providerCode !== undefined && { code: providerCode }),
        ...(typeof name === 'string' && { title: name }),
        ...(retryAfter !== undefined && { retryAfter }),
        scope: verdict.scope ?? (SENDER_CLASSES.includes(verdict.class) ? 'sender' : 'contact'),
      };
    },
    twilioCode: (providerCode) =>
      (rules.find(({ codes }) => codes?.has(providerCode))?.rule ?? spec.default['4xx']).twilioCode,
  };
}

/** A provider's proxy answers what it likes; an expression that fails on that has found nothing. */
async function orNothing(evaluator: Evaluator, roots: Roots): Promise<unknown> {
  try {
    return await evaluator.run(roots);
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function defaultOf(defaults: ErrorsSpec['default'], status: number): Verdict {
  if (status === 429) return defaults['429'];
  if (status >= 500) return defaults['5xx'];
  if (status >= 400) return defaults['4xx'];
  return status >= 300 ? defaults['3xx'] : defaults['2xx'];
}

/** Seconds from `Retry-After`: a number, or a date that counts from the answer's own `Date`. */
function retryAfterOf(headers: Record<string, string>): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const seconds = (Date.parse(value) - Date.parse(headers['date'] ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** A code that an earlier rule already takes, whatever the rest of the answer, would never be reached. */
function findUnreachable(rules: readonly Rule[], path: SpecPath, compiler: TemplateCompiler): void {
  const taken = new Map<string, number>();
  for (const [index, rule] of rules.entries()) {
    const rulePath = [...path, 'rules', index];
    if (!rule.codes && !rule.status && !rule.when) {
      compiler.mistake({
        path: rulePath,
        message: 'a rule needs "codes", "status" or "when"; what fits all is "default"',
      });
    }
    for (const code of rule.codes ?? []) {
      const earlier = taken.get(String(code));
      if (earlier !== undefined) {
        compiler.mistake({
          path: rulePath,
          message: `code ${code} is never reached: rule ${earlier + 1} takes it already`,
        });
      } else if (!rule.status && !rule.when) taken.set(String(code), index);
    }
  }
}
