import process from 'node:process';

/** What a benchmark is given while it runs. */
export interface Progress {
  /** Says what is being done now. */
  step(sentence: string): void;
  /** Aborted when somebody wants the benchmark to end; it then cleans up and throws. */
  signal: AbortSignal;
}

/**
 * Runs a benchmark as this process: progress on stderr, its tables on stdout, exit code 1 with a sentence when it fails.
 * @param run returns what to print
 */
export async function runBenchmark(name: string, run: (progress: Progress) => Promise<string>): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopping.abort(new Error('stopped before it was done')));
  }
  const started = performance.now();
  const say = (sentence: string) => {
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    process.stderr.write(`${name} ${seconds.padStart(6)} s  ${sentence}\n`);
  };
  try {
    const tables = await run({ step: say, signal: stopping.signal });
    say('done');
    process.stdout.write(`${tables}\n`);
  } catch (error) {
    say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    process.exitCode = 1;
  }
}
