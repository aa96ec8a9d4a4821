import { escapePattern, type Replacements } from './replace.ts';

/*
 * Whether a value is like an example. An example was made with known values (an address, a text, a token), so wherever one
 * of them stands, in whole or in part, anything may stand; the rest must be the same.
 */

/** What stood in the places of known values, by name: `{ to: '15552223333', text: 'Hi' }`. */
export type Captures = Record<string, string>;

/** Known values of an example and their names. */
export type Names = Replacements;

export interface Fit {
  captures: Captures;
  /** How much was the same, to choose between examples that fit. */
  score: number;
  /** What is different: sentences that name places, never values. Empty when it fits. */
  problems: string[];
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** In the captures: a UUID, of which every message has its own. */
export const UUID_NAME = 'uuid';
const SHORTEST_PART = 4;

/** Whether there is a UUID anywhere in a value. */
export function hasUuid(value: unknown): boolean {
  return JSON.stringify(value).search(UUID) >= 0;
}

/** Compares two texts; undefined when the given one does not fit. */
export function fitText(example: string, given: string, names: Names): Captures | undefined {
  const whole = names.get(example);
  if (whole !== undefined) return { [whole]: given };
  const parts = [...names.keys()].filter((value) => value.length >= SHORTEST_PART && example.includes(value));
  const hasUuid = example.search(UUID) >= 0;
  if (parts.length === 0 && !hasUuid) {
    if (example === given) return {};
    return isMadeFrom(example, names) ? {} : undefined;
  }
  const longestFirst = parts.sort((left, right) => right.length - left.length).map(escapePattern);
  const finder = new RegExp([...longestFirst, UUID.source].join('|'), 'gi');
  const found: string[] = [];
  let pattern = '';
  let end = 0;
  for (const match of example.matchAll(finder)) {
    pattern += `${escapePattern(example.slice(end, match.index))}([\\s\\S]*)`;
    found.push(names.get(match[0]) ?? UUID_NAME);
    end = match.index + match[0].length;
  }
  const result = new RegExp(`^${pattern}${escapePattern(example.slice(end))}$`).exec(given);
  if (!result) return undefined;
  return Object.fromEntries(found.map((name, index) => [name, result[index + 1] ?? '']));
}

/** Whether a text was made from a known value: the beginning of a text, the file name in a URL. */
function isMadeFrom(example: string, names: Names): boolean {
  if (example.length < 3) return false;
  return [...names.keys()].some(
    (value) => value.startsWith(example) || (example.includes('.') && value.endsWith(encodeURIComponent(example))),
  );
}

/** Paths of every key in a value: `messages[].text`. */
export function keyPaths(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keyPaths(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [`${path}.${key}`, ...keyPaths(item, `${path}.${key}`)]);
}

/**
 * Compares two decoded bodies.
 * @param knownKeys paths of keys that other examples of the same request have; they may be there too
 */
export function fitValue(example: unknown, given: unknown, names: Names, knownKeys: ReadonlySet<string>): Fit {
  const fit: Fit = { captures: {}, score: 0, problems: [] };
  compare(example, given, '', { names, knownKeys, fit });
  return fit;
}

interface Comparison {
  names: Names;
  knownKeys: ReadonlySet<string>;
  fit: Fit;
}

function compare(example: unknown, given: unknown, path: string, comparison: Comparison): void {
  const { fit, names } = comparison;
  const place = path === '' ? 'the body' : path.slice(path.startsWith('.') ? 1 : 0);
  if (Array.isArray(example)) {
    if (!Array.isArray(given)) fit.problems.push(`${place} must be a list`);
    else compareItems(example, given, path, comparison);
  } else if (typeof example === 'object' && example !== null) {
    if (!isMapping(given)) fit.problems.push(`${place} must be an object`);
    else compareKeys(example as Record<string, unknown>, given, path, comparison);
  } else if (typeof example === 'string') {
    const captures =
      typeof given === 'string' || typeof given === 'number' ? fitText(example, String(given), names) : undefined;
    if (captures === undefined) fit.problems.push(`${place} is not what it must be`);
    else {
      // The first of a name counts: a text may come again further down, cut short.
      fit.captures = { ...captures, ...fit.captures };
      fit.score += 1;
    }
  } else if (typeof example !== typeof given) {
    fit.problems.push(`${place} must be a ${typeof example}`);
  }
}

function compareKeys(
  example: Record<string, unknown>,
  given: Record<string, unknown>,
  path: string,
  comparison: Comparison,
): void {
  const { fit, knownKeys } = comparison;
  for (const [key, value] of Object.entries(example)) {
    if (given[key] === undefined) {
      if (!isOptional(value, comparison.names)) fit.problems.push(`${`${path}.${key}`.slice(1)} is missing`);
    } else compare(value, given[key], `${path}.${key}`, comparison);
  }
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(example, key)) continue;
    if (knownKeys.has(`${path}.${key}`)) fit.score -= 1;
    else fit.problems.push(`${`${path}.${key}`.slice(1)} is not known`);
  }
}

/** What is nothing but known values may be left out, except what a message cannot do without. */
function isOptional(example: unknown, names: Names): boolean {
  if (typeof example === 'object' && example !== null) {
    return Object.values(example).every((value) => isOptional(value, names));
  }
  const name = typeof example === 'string' ? names.get(example) : undefined;
  return name !== undefined && !['to', 'text', 'link'].includes(name);
}

/** Lists may be of any length, but every item is like one of the example's. */
function compareItems(examples: unknown[], given: unknown[], path: string, comparison: Comparison): void {
  if (examples.length > 0 && given.length === 0) comparison.fit.problems.push(`${path.slice(1)} must not be empty`);
  for (const item of given) {
    const fits = examples.map((example) => {
      const fit: Fit = { captures: {}, score: 0, problems: [] };
      compare(example, item, `${path}[]`, { ...comparison, fit });
      return fit;
    });
    const best = bestOf(fits);
    if (!best) continue;
    comparison.fit.captures = { ...best.captures, ...comparison.fit.captures };
    comparison.fit.score += best.score;
    comparison.fit.problems.push(...best.problems);
  }
}

/** The fit with the fewest problems; of those the one that has most in common. */
export function bestOf<Candidate extends Pick<Fit, 'problems' | 'score'>>(
  fits: readonly Candidate[],
): Candidate | undefined {
  return [...fits].sort((left, right) => left.problems.length - right.problems.length || right.score - left.score)[0];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
