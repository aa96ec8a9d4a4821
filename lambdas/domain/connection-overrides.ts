/** A way in which a callback can fail, as Twilio's `rp` names it: no connection, no answer in time, or one of these statuses. */
export type CallbackFailure = 'ct' | 'rt' | '4xx' | '5xx';

/** How a callback's URL wants to be called. Milliseconds. */
export interface ConnectionOverrides {
  connectTimeoutMs: number;
  readTimeoutMs: number;
  /** For all tries together. */
  totalTimeoutMs: number;
  /** How often it is tried again at once. */
  retries: number;
  retryOn: ReadonlySet<CallbackFailure>;
}

const FAILURES: readonly CallbackFailure[] = ['ct', 'rt', '4xx', '5xx'];

/**
 * Reads Twilio's connection overrides from the fragment of a callback URL: `https://…#rc=3&rp=all&ct=2000`. What is not given,
 * not known or out of its range has Twilio's default, because a callback is too late a place for an error. `sni` and `e` (Twilio's
 * edges) mean nothing here. Source: Twilio, "Webhooks connection overrides".
 */
export function connectionOverrides(url: string): ConnectionOverrides {
  const [, fragment = ''] = /#(.*)$/s.exec(url) ?? [];
  const given = new URLSearchParams(fragment);
  const number = (name: string, least: number, most: number, fallback: number): number => {
    const text = given.get(name) ?? '';
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most ? value : fallback;
  };
  return {
    connectTimeoutMs: number('ct', 100, 10_000, 5_000),
    readTimeoutMs: number('rt', 100, 15_000, 15_000),
    totalTimeoutMs: number('tt', 100, 15_000, 15_000),
    retries: number('rc', 0, 5, 1),
    retryOn: policyOf(given.get('rp')),
  };
}

function policyOf(text: string | null): ReadonlySet<CallbackFailure> {
  const names = (text ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('all')) return new Set(FAILURES);
  const known = FAILURES.filter((failure) => names.includes(failure));
  return new Set<CallbackFailure>(known.length > 0 ? known : ['ct']);
}
