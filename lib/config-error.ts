import { z } from 'zod';

/** The configuration is wrong. `message` is written for its owner: one sentence for each mistake, no stack trace needed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(sentences: readonly string[]) {
    super(['The configuration in cdk.json is wrong.', ...sentences.map((sentence) => `  ${sentence}`)].join('\n'));
  }
}

/** One sentence for each mistake, starting with the key's path: `switchboard.fleet.sandbox.numbers[0]: …`. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, input: unknown): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const valid = keysAt(schema, issue.path);
      return issue.keys.map((key) => `${pathOf([...issue.path, key])}: is not a key. ${suggest(key, valid)}`);
    }
    return [`${pathOf(issue.path)}: ${lowerFirst(describe(issue))}, got ${shown(valueAt(input, issue.path))}.`];
  });
}

function suggest(key: string, valid: readonly string[]): string {
  const nearest = valid
    .map((candidate) => ({ candidate, distance: editDistance(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const list = `The keys here are ${valid.join(', ')}.`;
  // More than half of the letters wrong is a different word, not a slip of the finger.
  return nearest && nearest.distance <= nearest.candidate.length / 2
    ? `Did you mean ${nearest.candidate}? ${list}`
    : list;
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const choices = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
    if (choices.length > 0) return `must be one of ${choices.map(String).join(', ')}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.message;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    'switchboard',
  );
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const at = path.reduce<unknown>((inner, part) => {
    const object = unwrap(inner);
    return object instanceof z.ZodObject ? object.shape[String(part)] : undefined;
  }, schema);
  const object = unwrap(at);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrap(schema.unwrap())
    : schema;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    input,
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Levenshtein distance: insertions, deletions and replacements between two words. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
