import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** What is waited for, for the error that says that it did not come. */
  what: string;
  signal: AbortSignal;
  /** Default 30,000. */
  patienceMs?: number;
  /** Time between two looks. Default 20. */
  everyMs?: number;
}

/** Waits until `holds`. @throws when it does not in time, or the signal is aborted */
export async function until(holds: () => boolean | Promise<boolean>, patience: Patience): Promise<void> {
  const { what, signal, patienceMs = 30_000, everyMs = 20 } = patience;
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${patienceMs / 1_000} s in vain for ${what}.`);
    await delay(everyMs, undefined, { signal });
  }
}
