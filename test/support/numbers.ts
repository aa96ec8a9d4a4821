import { Machines } from '../../local/step-functions/machines.ts';
import { serveStepFunctions } from '../../local/step-functions/server.ts';

/** What a state's function is given, and what it answers. */
export interface StepEvent {
  step: string;
  accountSid: string;
  senderSid: string;
  executionArn: string;
  taskToken?: string;
  /** What the state that waits for a code was given last. */
  answer?: unknown;
}
export type Steps = Record<string, (event: StepEvent) => Promise<{ outcome: string }>>;

/** Step Functions with the gateway's state machines, as short as can be: what their steps do is for a test to say. */
export interface NumberMachines {
  machines: Machines;
  /** The executions of a sender, in the order of their starts: `RegisterDevice RUNNING`. */
  executionsOf(senderSid: string): string[];
  /** Resolves when the last execution of a sender is over. */
  over(senderSid: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts them, and points `process.env` at them. Await it before importing anything that calls AWS. */
export async function startNumberMachines(steps: Steps): Promise<NumberMachines> {
  const running = new Set<Promise<unknown>>();
  const run = async (event: StepEvent) => {
    const step = steps[event.step];
    if (!step) throw new Error(`The test has no step ${event.step}.`);
    return step(event);
  };
  const machines = new Machines({
    waitScale: 0,
    onState: () => {},
    invoke: (_arn, event) => {
      const step = run(event as StepEvent).finally(() => running.delete(step));
      running.add(step);
      return step;
    },
  });
  const registration = ['ReserveSender', 'WaitForCode', 'VerifyCode', 'GoOnline'];
  machines.create('RegisterDevice', 'RegisterDevice', definitionOf(registration));
  machines.create('RegisterCloudNumber', 'RegisterCloudNumber', definitionOf(registration));
  machines.create('UpdateNumber', 'UpdateNumber', definitionOf(['BeginUpdate']));
  machines.create('RetireNumber', 'RetireNumber', definitionOf(['StopRegistration']));
  const server = await serveStepFunctions(machines);
  process.env['AWS_ENDPOINT_URL_SFN'] = server.url;
  const executionsOf = (senderSid: string) => machines.executions().filter(({ name }) => name.startsWith(senderSid));
  return {
    machines,
    executionsOf: (senderSid) =>
      executionsOf(senderSid).map(({ machineArn, status }) => `${machineArn.split(':').at(-1)} ${status}`),
    over: async (senderSid) => executionsOf(senderSid).at(-1)?.over,
    async stop() {
      await server.stop();
      await Promise.allSettled(running);
    },
  };
}

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Register';
const WAITING = 'arn:aws:states:::lambda:invoke.waitForTaskToken';

/** One state after the other; when a code was not accepted it is waited for again. */
function definitionOf(names: string[]): string {
  const payload = (step: string) => ({
    step,
    'accountSid.$': '$.accountSid',
    'senderSid.$': '$.senderSid',
    'executionArn.$': '$$.Execution.Id',
  });
  const states = names.flatMap((name, index): [string, object][] => {
    const next = names[index + 1];
    const then = next === undefined ? { End: true } : { Next: next };
    const task = { Type: 'Task', Resource: FUNCTION, Parameters: payload(name), ResultPath: '$.result' };
    if (name === 'WaitForCode') {
      const Payload = { ...payload(name), 'taskToken.$': '$$.Task.Token' };
      const Parameters = { FunctionName: FUNCTION, Payload };
      return [[name, { Type: 'Task', Resource: WAITING, Parameters, ResultPath: '$.answer', ...then }]];
    }
    if (name !== 'VerifyCode') return [[name, { ...task, ...then }]];
    const Choices = [{ Variable: '$.result.outcome', StringEquals: 'accepted', ...then }];
    return [
      [name, { ...task, Parameters: { ...payload(name), 'answer.$': '$.answer' }, Next: 'CodeAccepted?' }],
      ['CodeAccepted?', { Type: 'Choice', Choices, Default: 'WaitForCode' }],
    ];
  });
  return JSON.stringify({ StartAt: names[0], States: Object.fromEntries(states) });
}
