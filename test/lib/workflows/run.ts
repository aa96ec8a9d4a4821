import { StateMachine } from 'aws-local-stepfunctions';
import type { Definition } from '../../../lib/senders/workflows/states.ts';

/** What a state's function does, one after the other; the last one is repeated. An `Error` is thrown, anything else answered. */
export type Script = Readonly<Record<string, readonly unknown[]>>;

export interface Run {
  /** All states that it entered, in order. */
  readonly path: string[];
  /** The task states in the order in which their functions were called, and with what. */
  readonly calls: { state: string; input: Record<string, unknown> }[];
  readonly outcome: 'succeeded' | { error: string; cause: string };
}

const EXECUTION = 'arn:aws:states:eu-central-1:111122223333:execution:RegisterDevice:XE0-1';

/** What a function answers that nothing is asked of. */
const DONE = { outcome: 'done' };

/** An error that a step throws, by its name. */
export function thrown(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Runs a definition to its end with functions that do what a script says. Nothing waits: neither retries nor Wait states. */
export async function run(definition: Definition, script: Script): Promise<Run> {
  const calls: Run['calls'] = [];
  const states = Object.entries(definition.States);
  const names = (type: string) => states.filter(([, { Type }]) => Type === type).map(([name]) => name);
  const immediately = (list: string[]) => Object.fromEntries(list.map((name) => [name, 0]));
  const handler = (state: string) => async (input: unknown) => {
    const answers = script[state] ?? [DONE];
    const turn = calls.filter((call) => call.state === state).length;
    calls.push({ state, input: input as Record<string, unknown> });
    const answer = answers[Math.min(turn, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const machine = machineOf(definition);
  const execution = machine.run({ accountSid: 'AC0', senderSid: 'XE0' }, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(names('Task').map((name) => [name, handler(name)])),
      waitTimeOverrides: immediately(names('Wait')),
      retryIntervalOverrides: immediately(names('Task')),
    },
    context: { Execution: { Id: EXECUTION }, Task: { Token: 'token' } },
  } as never);
  const path = entered(execution.eventLogs);
  const outcome = await execution.result.then(() => 'succeeded' as const, failureOf);
  return { calls, outcome, path: await path };
}

const machines = new WeakMap<Definition, StateMachine>();

/** Made once, because checking a definition takes longer than running it. */
function machineOf(definition: Definition): StateMachine {
  const machine = machines.get(definition) ?? new StateMachine(definition as never);
  machines.set(definition, machine);
  return machine;
}

async function entered(events: AsyncIterable<{ type: string; state?: { name?: string } }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { type, state } of events) {
    if (type === 'StateEntered' && state?.name !== undefined) names.push(state.name);
  }
  return names;
}

function failureOf({ cause }: Error): { error: string; cause: string } {
  return cause instanceof Error
    ? { error: cause.name, cause: cause.message }
    : { error: 'unknown', cause: String(cause) };
}
