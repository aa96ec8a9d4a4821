import { createWriteStream, mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { banner } from './banner.ts';
import { Customer } from './customer.ts';
import { sendFirstMessage } from './first-message.ts';
import { StartError } from './listen.ts';
import { type LocalFile, removeLocalFile, writeLocalFile } from './local-file.ts';
import { Progress } from './progress.ts';
import { registerSecondNumber } from './second-number.ts';
import { startLocalStack } from './stack.ts';
import { ROOT } from './synthesize.ts';

/** Where it leaves what others read: `SWITCHBOARD_HOME`, by default `.switchboard` in the repository. */
const DIRECTORY = resolve(process.env['SWITCHBOARD_HOME'] ?? join(ROOT, '.switchboard'));
const LOCAL_FILE = join(DIRECTORY, 'local.json');
const LOG_FILE = join(DIRECTORY, 'stack.log');
const SENDER = '15550001111';
const CONTACT = '15551230001';
/** Registered while people look on. */
const SECOND_SENDER = '15550002222';
/** What would take a minute or two on AWS is to be seen in seconds. */
const WAIT_SCALE = 0.05;

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Runs the stack until it is told to stop or fails. @throws when it fails */
async function run(stopping: AbortSignal, onFailure: (error: Error) => void): Promise<void> {
  const progress = new Progress(process.stdout);
  mkdirSync(DIRECTORY, { recursive: true });
  const log = createWriteStream(LOG_FILE);
  try {
    const stack = await startLocalStack({
      port: readPort(),
      synthesizeTo: join(DIRECTORY, 'cdk.out'),
      numbers: [SENDER],
      waitScale: WAIT_SCALE,
      schedules: true,
      signal: stopping,
      onStep: (step) => progress.step(step),
      onLog: ({ source, line }) => log.write(`${source} ${line}\n`),
      // A simulator that starts again has forgotten its senders, and half a sandbox helps nobody.
      restartTasks: false,
      onFailure,
    });
    try {
      progress.step('Registering the sender');
      const { sandbox, url, accountSid, authToken, simulatorUrl, graphUrl, providersUrl } = stack;
      const customer = new Customer(stack);
      await customer.registerWhatsApp(SENDER, `${sandbox.url}/devices/${SENDER}`, sandbox.adminPassword);
      const sender = `whatsapp:+${SENDER}`;
      const contact = `whatsapp:+${CONTACT}`;
      const local: LocalFile = {
        url,
        accountSid,
        authToken,
        sender,
        contact,
        simulatorUrl,
        graphUrl,
        providersUrl,
        pid: process.pid,
      };
      await writeLocalFile(LOCAL_FILE, local);
      progress.done();
      const second = `whatsapp:+${SECOND_SENDER}`;
      print(banner(local, second, progress.elapsed, relative(process.cwd(), LOG_FILE)));

      print('  The first message:\n');
      await sendFirstMessage({ customer, simulatorUrl, sender: SENDER, contact: CONTACT, print, signal: stopping });
      print(`\n  A second number, ${second}, is registered on containers of its own:\n`);
      if (await registerSecondNumber({ customer, stack, number: SECOND_SENDER, print, signal: stopping })) {
        await writeLocalFile(LOCAL_FILE, { ...local, registeredSender: second });
      }
      print('');
      await untilAborted(stopping);
    } finally {
      await removeLocalFile(LOCAL_FILE, process.pid);
      await stack.stop();
    }
  } finally {
    progress.interrupt();
    log.end();
  }
}

function readPort(): number {
  const text = process.env['PORT'] ?? '8080';
  const port = Number(text);
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new StartError(`PORT must be a number from 0 to 65535, not "${text}".`);
  }
  return port;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

/** A sentence for what a person can put right, and the whole story of what only a developer can. */
function explain(error: unknown): string {
  if (error instanceof StartError) return error.message;
  return `The local stack failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
}

const stopping = new AbortController();
/** Set when something broke; without it the stack ends because somebody asked for that. */
let failure: unknown;
const fail = (error: unknown) => {
  failure ??= error;
  stopping.abort(error);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A second one means now; tasks notice by themselves that this process has gone.
    if (stopping.signal.aborted) process.exit(130);
    print('\n  Stopping.');
    stopping.abort();
  });
}
process.on('uncaughtException', fail);

try {
  await run(stopping.signal, fail);
} catch (error) {
  if (!stopping.signal.aborted) failure = error;
}
if (failure !== undefined) console.error(`\n${explain(failure)}`);
process.exit(failure === undefined ? 0 : 1);
