import { readEnvironment } from '../whatsapp/environment.ts';
import { startProviderSimulator } from './simulator.ts';

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  const { port, host, statusDelaysMs } = readEnvironment(process.env);
  const simulator = await startProviderSimulator({
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(statusDelaysMs && { statusDelaysMs }),
    log: print,
  });
  // Before the line that says it is ready: whoever reads it may send a signal at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
  }
  print({ event: 'listening', port: simulator.port, hosts: simulator.hosts });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const sentence = code === 'EADDRINUSE' ? `Port ${process.env['PORT'] ?? 8080} is in use.` : message;
  process.stderr.write(`The simulator cannot start: ${sentence}\n`);
  process.exitCode = 1;
}
