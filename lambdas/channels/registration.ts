import * as z from 'zod';
import type { SenderContext } from './types.ts';

export const registrationInputSchema = z
  .strictObject({
    description: z.string().describe('What it is, as an error message says it'),
    format: z
      .enum(['text', 'url', 'list'])
      .default('text')
      .describe(
        '`url`: a base URL; slashes at its end do not count. `list`: a JSON array of objects, kept as its text',
      ),
    default: z.string().optional().describe('What it is when it is not given; without a default it is required'),
    optional: z.boolean().default(false).describe('True where a sender may do without it'),
    choices: z.array(z.string()).min(1).optional().describe('The values that it may have; any if not given'),
    pattern: z
      .string()
      .refine(isRegularExpression, 'is not a regular expression')
      .optional()
      .describe('A regular expression that the whole value fits; the description says it in words'),
  })
  .describe('Something that a sender needs');
export type RegistrationInput = z.infer<typeof registrationInputSchema>;

/** How the gateway itself registers a number: on containers that it runs, or at a provider's cloud. */
export const WORKFLOWS = ['device', 'cloud'] as const;
export const workflowSchema = z.enum(WORKFLOWS);
export type Workflow = z.infer<typeof workflowSchema>;

export const registrationWorkflowSchema = z
  .strictObject({
    name: workflowSchema.describe('Which one: on containers (`device`), or at the provider (`cloud`)'),
    fields: z.record(z.string(), registrationInputSchema).default({}).describe('What it needs that is public'),
    secrets: z.record(z.string(), registrationInputSchema).default({}).describe('What it needs that is secret'),
  })
  .describe('How the gateway registers a number itself, and what it needs for that instead of the fields and secrets');

/** An input as the Senders API asks for it. */
export interface DescribedInput {
  description: string;
  required: boolean;
  /** What it is when it is not given. */
  fallback?: string;
  /** Whether it is a JSON array of objects, and the value its text. */
  isList?: boolean;
  /** What is wrong with a value, to follow the input's name; undefined when nothing is. */
  problem?(value: string): string | undefined;
}

/** A workflow as the Senders API asks for it. */
export interface DescribedWorkflow {
  name: Workflow;
  fields: Record<string, DescribedInput>;
  secrets: Record<string, DescribedInput>;
}

/** The inputs as the Senders API asks for them. */
export function describeInputs(inputs: Record<string, RegistrationInput>): Record<string, DescribedInput> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]): [string, DescribedInput] => {
      const { description, default: fallback, optional, choices, pattern, format } = input;
      const described = {
        description,
        required: fallback === undefined && !optional,
        ...(format === 'list' && { isList: true }),
      };
      if (choices === undefined && pattern === undefined && fallback === undefined) return [name, described];
      const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`);
      return [
        name,
        {
          ...described,
          ...(fallback !== undefined && { fallback }),
          problem: (value) => {
            if (choices && !choices.includes(value)) return `must be one of ${choices.join(', ')}`;
            return whole && !whole.test(value) ? `is not valid (${description})` : undefined;
          },
        },
      ];
    }),
  );
}

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}

/** What a channel says of its workflow: nothing where it has none. */
export function describeWorkflow(workflow: z.infer<typeof registrationWorkflowSchema> | undefined): {
  workflow?: DescribedWorkflow;
} {
  if (!workflow) return {};
  const { name, fields, secrets } = workflow;
  return { workflow: { name, fields: describeInputs(fields), secrets: describeInputs(secrets) } };
}

/** Whether any of the requests that connect a sender says where its webhook is. */
export function setsWebhook(connect: readonly unknown[]): boolean {
  return /\bwebhook\.url\b/.test(JSON.stringify(connect));
}

/** Makes a sender what expressions see: defaults filled in, base URLs without the slash at their end. */
export function compileCompletion(registration: {
  fields: Record<string, RegistrationInput>;
  secrets: Record<string, RegistrationInput>;
}): (sender: SenderContext) => SenderContext {
  const fields = compileValues(registration.fields);
  const secrets = compileValues(registration.secrets);
  return (sender) => ({ address: sender.address, fields: fields(sender.fields), secrets: secrets(sender.secrets) });
}

function compileValues(inputs: Record<string, RegistrationInput>) {
  const special = Object.entries(inputs).filter(([, input]) => input.default !== undefined || input.format === 'url');
  if (special.length === 0) return (given: Record<string, string>) => given;
  return (given: Record<string, string>): Record<string, string> => {
    const values = { ...given };
    for (const [name, input] of special) {
      const value = values[name] ?? input.default;
      if (value !== undefined) values[name] = input.format === 'url' ? value.replace(/\/+$/, '') : value;
    }
    return values;
  };
}
