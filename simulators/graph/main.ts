import process from 'node:process';
import { startGraphSimulator } from './simulator.ts';

const print = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const { PORT = '8081', HOST = '127.0.0.1' } = process.env;
  const simulator = await startGraphSimulator({ port: Number(PORT), host: HOST, log: print });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
  }
  print({ event: 'listening', url: simulator.url });
} catch (error) {
  process.stderr.write(`The simulator cannot start: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
