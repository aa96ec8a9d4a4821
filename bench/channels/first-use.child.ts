import { readFileSync } from 'node:fs';
import { argv, stdout, threadCpuUsage } from 'node:process';
import { loadChannel } from '../../lambdas/channels/load.ts';
import type { Inputs } from './inputs.ts';

/*
 * A function's first use of a channel, in a process that has done nothing else, with CHANNELS_DIR:
 * node <bundle> <channel> deliver|webhook <inputs>
 * What is compiled only when it is used is compiled here too. Prints the milliseconds of CPU time: as long as it takes on a core
 * of its own, however many processes share this one.
 */

const [, , name = '', use, file = ''] = argv;
const { sender, session, text, answer, sent, delivered } = JSON.parse(readFileSync(file, 'utf8')) as Inputs;

const before = threadCpuUsage();
const channel = loadChannel(name);
let went: string | undefined;
if (use === 'deliver') {
  const requests = await channel?.render(text, sender, session);
  const outcome = requests && (await channel?.interpret(answer, sent));
  went = outcome?.outcome;
} else went = (await channel?.receive(delivered, sender))?.kind;
const { user, system } = threadCpuUsage(before);

if (went !== 'accepted' && went !== 'events') throw new Error(`${name}, ${use}: ${went}`);
stdout.write(String((user + system) / 1_000));
