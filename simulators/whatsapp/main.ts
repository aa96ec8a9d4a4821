import { startContainer } from './cluster/container.ts';
import { readEnvironment } from './environment.ts';
import { type Simulator, startSimulator } from './simulator.ts';

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function stopOnSignal(simulator: Simulator): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      simulator.stop().then(() => process.exit(0));
    });
  }
}

try {
  const { container, ...options } = readEnvironment(process.env);
  const simulator = container
    ? await startContainer({ ...options, log: print }, container)
    : await startSimulator({ ...options, log: print });
  // Before the line that says it is ready: whoever reads it may send a signal at once.
  stopOnSignal(simulator);
  print({ event: 'listening', port: simulator.port });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const sentence = code === 'EADDRINUSE' ? `Port ${process.env['PORT'] ?? 8080} is in use.` : message;
  process.stderr.write(`The simulator cannot start: ${sentence}\n`);
  process.exitCode = 1;
}
