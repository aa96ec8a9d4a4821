import * as z from 'zod';
import type { DescribedInput } from '../channels/registration.ts';
import { snakeCase } from './json-request.ts';
import { type AddressPolicy, checkUrl } from './url-policy.ts';

/** `configuration` of a Senders request. Its values are text; what can only be one of a few may also be a number, and a list an array. */
export const configurationSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.array(z.record(z.string(), z.unknown()))]).nullish(),
);
export type Configuration = z.infer<typeof configurationSchema>;

/** What a sender can be registered with: a channel's own inputs, or its workflow's. */
export interface Inputs {
  fields: Record<string, DescribedInput>;
  secrets: Record<string, DescribedInput>;
}

export interface InputValues {
  fields: Record<string, string>;
  secrets: Record<string, string>;
  /** One sentence each. */
  mistakes: string[];
}

/** Reads a configuration (keys in snake_case) as the values of these inputs. What is empty is not given. */
export function readInputs(
  configuration: Configuration,
  { fields, secrets }: Inputs,
  policy: AddressPolicy,
): InputValues {
  const given = new Map(
    Object.entries(configuration).flatMap(([name, value]) => (value || value === 0 ? [[name, value] as const] : [])),
  );
  const publicValues = readValues(given, fields);
  const secretValues = readValues(given, secrets);
  const names = [...Object.keys(fields), ...Object.keys(secrets)];
  const known = new Set(names.map(snakeCase));
  const unknown = [...given.keys()].filter((name) => !known.has(name));
  return {
    fields: publicValues.values,
    secrets: secretValues.values,
    mistakes: [
      ...publicValues.mistakes,
      ...secretValues.mistakes,
      ...unknown.map((name) => `configuration.${name}: is not known; there are ${names.join(', ')}`),
      ...urlMistakes(publicValues.values, policy),
    ],
  };
}

type Given = NonNullable<Configuration[string]>;

function readValues(given: ReadonlyMap<string, Given>, inputs: Record<string, DescribedInput>) {
  const values: Record<string, string> = {};
  const mistakes = Object.entries(inputs).flatMap(([name, { description, required, isList, problem }]) => {
    const value = given.get(snakeCase(name));
    if (value === undefined) return required ? [`configuration.${name}: is missing (${description})`] : [];
    if (Array.isArray(value) !== Boolean(isList))
      return [`configuration.${name}: must be ${isList ? 'an array of objects' : 'a text'}`];
    if (Array.isArray(value)) {
      values[name] = JSON.stringify(value);
      return [];
    }
    if (typeof value === 'number' && !problem) return [`configuration.${name}: must be a text`];
    const wrong = problem?.(String(value));
    if (wrong !== undefined) return [`configuration.${name}: ${wrong}`];
    values[name] = String(value);
    return [];
  });
  return { values, mistakes };
}

/** With what the inputs are when they are not given. */
export function withFallbacks(values: Record<string, string>, inputs: Record<string, DescribedInput>) {
  const fallbacks = Object.entries(inputs).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[name, fallback]],
  );
  return { ...(Object.fromEntries(fallbacks) as Record<string, string>), ...values };
}

// A device lives in a private network by design, next to the gateway; only the owner of the account, who could put
// anything behind that address, names it. Link-local addresses, where clouds serve credentials, stay forbidden.
function urlMistakes(fields: Record<string, string>, policy: AddressPolicy): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return [];
    const problem = checkUrl(value, { ...policy, allowPrivate: true });
    if (problem) return [`configuration.${name}: ${problem.message}`];
    // Fields are shown again, secrets never.
    const { username, password } = new URL(value);
    return username || password ? [`configuration.${name}: must not contain a user or password`] : [];
  });
}
