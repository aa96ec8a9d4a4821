import { runDeadLetters } from './dead-letters/run.ts';

process.exitCode = await runDeadLetters(process.argv.slice(2), {
  environment: process.env,
  localFile: '.switchboard/local.json',
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
  now: () => Date.now(),
});
