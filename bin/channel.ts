import { readFileSync } from 'node:fs';
import { runChannelCommand } from '../lambdas/channels/command-line.ts';

process.exitCode = await runChannelCommand(process.argv.slice(2), {
  result: (line) => console.log(line),
  complain: (line) => console.error(line),
  input: () => readFileSync(0, 'utf8'),
});
