import * as z from 'zod';
import { EvaluationError, type Evaluator } from '../expressions/evaluator.ts';
import type { Roots, Scopes } from '../expressions/scope.ts';
import type { TemplateCompiler } from '../expressions/template.ts';
import type { DecodedAnswer } from '../http/answer.ts';
import type { SpecPath } from '../mistakes.ts';
import { type ErrorClass, errorClassSchema, type FailedOutcome, type Outcome } from '../types.ts';

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
    class: z
      .enum([...errorClassSchema.options, 'accepted'])
      .describe(`${verdictShape.class.description}; or \`accepted\`: it is no failure, the provider has the message`),
    twilioCode: verdictShape.twilioCode.optional(),
    id: z
      .string()
      .optional()
      .describe("For `accepted`: where this answer has the message's id, if not where `outbound.answer.id` says"),
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

export interface ErrorTable {
  /** The provider's code in a decoded answer; undefined where there is none, or where it means success. */
  codeOf(roots: Roots): Promise<string | undefined>;
  /**
   * What an answer that is no plain success means; one that the expressions cannot read, by its status alone.
   * @param id where a rule says that the message was accepted: its id, if the rule does not say where that is
   */
  classify(roots: Roots, code: string | undefined, id: (roots: Roots) => unknown): Promise<Outcome>;
  /** Why a request that is no message failed, an error inside a success included; undefined when it did not. */
  refusal(answer: DecodedAnswer): Promise<FailedOutcome | undefined>;
  /** Twilio's code for a provider's code that came in a status event. */
  twilioCode(code: string): number;
}

const SENDER_CLASSES: readonly ErrorClass[] = ['auth', 'rate-limited'];

export function compileErrors(
  spec: ErrorsSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): ErrorTable {
  const code = compiler.template(spec.code, [...path, 'code'], scopes.answer);
  const title = compiler.template(spec.title, [...path, 'title'], scopes.answer);
  const success = new Set(spec.success.map(String));
  const rules = spec.rules.map((rule, index) => {
    const rulePath = [...path, 'rules', index];
    checkRule(rule, rulePath, compiler);
    return {
      rule,
      codes: rule.codes && new Set(rule.codes.map(String)),
      when: rule.when === undefined ? undefined : compiler.template(rule.when, [...rulePath, 'when'], scopes.answer),
      id: rule.id === undefined ? undefined : compiler.template(rule.id, [...rulePath, 'id'], scopes.sent),
    };
  });
  findUnreachable(spec.rules, path, compiler);

  const find = async (roots: Roots, providerCode: string | undefined) => {
    const { status } = roots['answer'] as { status: number };
    for (const candidate of rules) {
      const { rule, codes, when } = candidate;
      if (codes && (providerCode === undefined || !codes.has(providerCode))) continue;
      if (rule.status && !rule.status.includes(status)) continue;
      if (when && !(await orNothing(when, roots))) continue;
      return candidate;
    }
    return undefined;
  };

  const failed = async (roots: Roots, providerCode: string | undefined, verdict: Verdict): Promise<FailedOutcome> => {
    const { headers } = roots['answer'] as { headers: Record<string, string> };
    const name = await orNothing(title, roots);
    const retryAfter = retryAfterOf(headers) ?? verdict.retryAfter;
    return {
      outcome: 'failed',
      class: verdict.class,
      twilioCode: verdict.twilioCode,
      ...(providerCode !== undefined && { code: providerCode }),
      ...(typeof name === 'string' && { title: name }),
      ...(retryAfter !== undefined && { retryAfter }),
      scope: verdict.scope ?? (SENDER_CLASSES.includes(verdict.class) ? 'sender' : 'contact'),
    };
  };

  const codeOf = async (roots: Roots) => {
    const value = await orNothing(code, roots);
    return value === undefined || value === null || success.has(String(value)) ? undefined : String(value);
  };
  const table: ErrorTable = {
    codeOf,
    refusal: async (answer) => {
      const roots = { answer };
      const providerCode = await codeOf(roots);
      if (answer.status >= 200 && answer.status < 300 && providerCode === undefined) return undefined;
      const outcome = await table.classify(roots, providerCode, () => undefined);
      return outcome.outcome === 'failed' ? outcome : undefined;
    },
    classify: async (roots, providerCode, idOf) => {
      const fallback = defaultOf(spec.default, (roots['answer'] as { status: number }).status);
      const found = await find(roots, providerCode);
      if (found === undefined) return failed(roots, providerCode, fallback);
      const { rule, id } = found;
      if (rule.class !== 'accepted') {
        return failed(roots, providerCode, {
          ...rule,
          class: rule.class,
          twilioCode: rule.twilioCode ?? fallback.twilioCode,
        });
      }
      const value = await (id === undefined ? idOf(roots) : orNothing(id, roots));
      return { outcome: 'accepted', ...(value !== undefined && value !== null && { id: String(value) }) };
    },
    twilioCode: (providerCode) =>
      rules.find(({ codes }) => codes?.has(providerCode))?.rule.twilioCode ?? spec.default['4xx'].twilioCode,
  };
  return table;
}

function checkRule(rule: Rule, path: SpecPath, compiler: TemplateCompiler): void {
  if (!rule.codes && !rule.status && !rule.when) {
    compiler.mistake({ path, message: 'a rule needs "codes", "status" or "when"; what fits all is "default"' });
  }
  if (rule.class !== 'accepted' && rule.twilioCode === undefined) {
    compiler.mistake({ path, message: 'a failure needs its "twilioCode"' });
  }
  if (rule.class !== 'accepted' && rule.id !== undefined) {
    compiler.mistake({ path: [...path, 'id'], message: 'only a rule of class "accepted" has an id' });
  }
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

/** A code or status that an earlier rule already takes, whatever the rest of the answer, would never be reached. */
function findUnreachable(rules: readonly Rule[], path: SpecPath, compiler: TemplateCompiler): void {
  const codes = new Map<string, number>();
  const statuses = new Map<number, number>();
  for (const [index, rule] of rules.entries()) {
    const never = (what: string, earlier: number) => {
      const message = `${what} is never reached: rule ${earlier + 1} takes it already`;
      compiler.mistake({ path: [...path, 'rules', index], message });
    };
    for (const code of rule.codes ?? []) {
      const earlier = codes.get(String(code));
      if (earlier !== undefined) never(`code ${code}`, earlier);
      else if (!rule.status && !rule.when) codes.set(String(code), index);
    }
    for (const status of rule.status ?? []) {
      const earlier = statuses.get(status);
      if (earlier !== undefined) never(`status ${status}`, earlier);
      else if (!rule.codes && !rule.when) statuses.set(status, index);
    }
  }
}
