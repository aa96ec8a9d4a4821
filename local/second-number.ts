import { z } from 'zod';
import type { Customer } from './customer.ts';
import type { LocalFleet } from './fleet/view.ts';
import type { Execution } from './step-functions/execution.ts';
import { until } from './until.ts';

const PATIENCE_MILLISECONDS = 180_000;
/** The business account that the Graph simulator has from the start, and a token that reaches it. */
const ACCOUNT = { waba_id: '1000000001', access_token: 'sandbox-access-token' };

const devicesSchema = z.object({ devices: z.array(z.object({ code: z.string().nullish() }).loose()) });

/** What it looks at while it waits. */
interface Stack {
  executions(): readonly Pick<Execution, 'name' | 'events'>[];
  fleet: Pick<LocalFleet, 'tasks'>;
}

export interface SecondNumberOptions {
  customer: Pick<Customer, 'beginRegistration' | 'giveCode' | 'sender'>;
  stack: Stack;
  /** Digits of the phone number. */
  number: string;
  print: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Registers a number on containers of its own, through the public API, and prints each state of the registration as it
 * is entered. Where the state machine waits for the code that the phone is sent, it reads that off the simulated phone.
 * @returns whether it is online; if not, why is printed
 * @throws StartError when it takes too long
 */
export async function registerSecondNumber(options: SecondNumberOptions): Promise<boolean> {
  const { customer, stack, number, print, signal } = options;
  const startedAt = Date.now();
  // A state can be entered before the answer is here that started the clock.
  const line = (at: number, text: string) =>
    print(`    ${(Math.max(0, at - startedAt) / 1000).toFixed(2).padStart(5)} s  ${text}`);
  const sid = await customer.beginRegistration(number, 'Switchboard second number', ACCOUNT);
  const shown = new Set<string>();
  let codeGiven = false;

  const status = await until(signal, `+${number} to be registered`, PATIENCE_MILLISECONDS, async () => {
    const execution = stack.executions().find(({ name }) => name.startsWith(sid));
    for (const { event, state, at } of execution?.events ?? []) {
      // Choices take no time, and a state that is looked at again and again is told once.
      if (event !== 'entered' || state.endsWith('?') || shown.has(state)) continue;
      shown.add(state);
      line(at, state);
    }
    const sender = await customer.sender(sid);
    if (sender.status === 'PENDING_VERIFICATION' && !codeGiven) {
      const code = await readCode(stack, sid);
      if (code === undefined) return undefined;
      codeGiven = true;
      line(Date.now(), `the phone shows the code ${code}, and it is given`);
      await customer.giveCode(sid, code);
    }
    return ['ONLINE', 'OFFLINE'].includes(sender.status) ? sender : undefined;
  });
  const count = stack.fleet.tasks(sid).length;
  const containers = count === 1 ? 'one container' : `${count} containers`;
  if (status.status === 'ONLINE') line(Date.now(), `whatsapp:+${number} is ONLINE, on ${containers}`);
  else for (const { message } of status.offline_reasons ?? []) line(Date.now(), `OFFLINE: ${message}`);
  return status.status === 'ONLINE';
}

/** The code that the number was sent, once its phone shows it. */
async function readCode({ fleet }: Stack, senderSid: string): Promise<string | undefined> {
  const web = fleet.tasks(senderSid).find(({ role }) => role === 'web');
  if (web?.url === undefined) return undefined;
  const response = await fetch(`${web.url}/control/devices`);
  const { devices } = devicesSchema.parse(await response.json());
  return devices[0]?.code ?? undefined;
}
