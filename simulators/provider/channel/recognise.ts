import type { RequestExample } from './examples.ts';
import { bestOf, type Captures, type Fit, fitText, fitValue } from './fit.ts';

/** A request, as it was meant before it was led to this process. */
export interface IncomingRequest {
  method: string;
  url: URL;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Decoded by its content type. */
  body: unknown;
  /** As it came. */
  bytes: Buffer;
}

/** What a request is, as near as the examples tell. */
export interface Recognised<Example extends RequestExample = RequestExample> extends Fit {
  example: Example;
  /** What should prove who asks, and does not. */
  isUnproven: boolean;
}

/** Headers that tell how a request travels, or that differ from request to request. */
const VOLATILE = /^(content-(type|length)|host|x-amz-(date|security-token|content-sha256))$/;

/**
 * Finds the example that a request is like.
 * @returns undefined when no example has its method and path
 */
export function recognise<Example extends RequestExample>(
  request: IncomingRequest,
  examples: readonly Example[],
): Recognised<Example> | undefined {
  return bestOf(
    examples.flatMap((example) => {
      const place = fitPlace(example, request);
      return place === undefined ? [] : [compare(example, request, place)];
    }),
  );
}

function fitPlace({ method, url, names }: RequestExample, request: IncomingRequest): Captures | undefined {
  if (method !== request.method || url.host !== request.url.host) return undefined;
  const given = request.url.pathname.split('/');
  const wanted = url.pathname.split('/');
  if (given.length !== wanted.length) return undefined;
  const captures: Captures = {};
  for (const [index, segment] of wanted.entries()) {
    const found = fitText(decoded(segment), decoded(given[index] ?? ''), names);
    if (found === undefined) return undefined;
    Object.assign(captures, found);
  }
  return captures;
}

function compare<Example extends RequestExample>(
  example: Example,
  request: IncomingRequest,
  place: Captures,
): Recognised<Example> {
  const fit = fitValue(example.body, request.body, example.names, example.knownKeys);
  const result = { ...fit, captures: { ...fit.captures, ...place }, example, isUnproven: false };
  const check = (kind: string, name: string, wanted: string, given: string | undefined) => {
    const captures = given === undefined ? undefined : fitText(wanted, given, example.names);
    if (captures !== undefined) {
      result.captures = { ...result.captures, ...captures };
      return;
    }
    result.problems.push(`${kind} ${name} is ${given === undefined ? 'missing' : 'not what it must be'}`);
    if (name === 'authorization' || example.proofs.some((proof) => wanted.includes(proof))) result.isUnproven = true;
  };
  for (const [name, value] of example.url.searchParams) {
    check('the parameter', name, value, request.url.searchParams.get(name) ?? undefined);
  }
  for (const [name, value] of Object.entries(example.headers)) {
    if (VOLATILE.test(name) || value.startsWith('AWS4-')) continue;
    check('the header', name, value, request.headers[name]);
  }
  return result;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
