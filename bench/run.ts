import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** In the order in which they run. */
const BENCHMARKS = [
  'bundles',
  'lines',
  'numbers-cost',
  'channels',
  'api-calls',
  'drain',
  'simulation',
  'throughput',
  'registration',
];

/** Each in a process of its own, so that none inherits the environment, the connections or the garbage of another. */
async function run(name: string): Promise<boolean> {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGTERM', forward);
  const [code] = await once(child, 'exit');
  process.off('SIGTERM', forward);
  return code === 0;
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${BENCHMARKS.join(', ')}.`);
  process.exitCode = 1;
} else {
  // Ctrl-C reaches the child as well, which cleans up; this process waits for it.
  process.on('SIGINT', () => {});
  for (const name of names.length > 0 ? names : BENCHMARKS) {
    if (!(await run(name))) {
      process.exitCode = 1;
      break;
    }
  }
}
