import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  ListExecutionsCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FunctionError } from '../../../local/lambda/environment.ts';
import type { RunningServer } from '../../../local/protocol/json.ts';
import { prepare } from '../../../local/step-functions/definition.ts';
import { Machines } from '../../../local/step-functions/machines.ts';
import { serveStepFunctions } from '../../../local/step-functions/server.ts';
import { definition, task, waitForToken } from './definitions.ts';

type Behaviour = (event: Record<string, unknown>) => unknown;

describe('The local Step Functions', () => {
  let machines: Machines;
  let server: RunningServer;
  let client: SFNClient;
  /** What functions do, by name; each invocation is kept. */
  let functions: Record<string, Behaviour>;
  let invocations: { name: string; event: unknown }[];
  let entered: string[];

  beforeEach(async () => {
    functions = {};
    invocations = [];
    entered = [];
    machines = new Machines({
      waitScale: 0.001,
      onState: (machine, _execution, { event, state }) => entered.push(`${machine} ${event} ${state}`),
      invoke: async (arn, event) => {
        const name = arn.split(':').at(-1) ?? '';
        invocations.push({ name, event });
        return await functions[name]?.(event as Record<string, unknown>);
      },
    });
    server = await serveStepFunctions(machines);
    client = new SFNClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
  });

  afterEach(async () => {
    client.destroy();
    await server.stop();
  });

  async function start(states: Parameters<typeof definition>[0], input: unknown = {}): Promise<string> {
    const stateMachineArn = machines.create('Machine', 'Product/Machine', definition(states));
    const { executionArn = '' } = await client.send(
      new StartExecutionCommand({ stateMachineArn, name: 'one', input: JSON.stringify(input) }),
    );
    return executionArn;
  }

  const fetchExecution = (executionArn: string) => client.send(new DescribeExecutionCommand({ executionArn }));

  async function ended(executionArn: string): Promise<DescribeExecutionOutput> {
    await machines.execution(executionArn).over;
    return await fetchExecution(executionArn);
  }

  async function tokenOf(attempt = 1): Promise<string> {
    const asked = () => invocations.filter(({ name }) => name === 'Ask').map(({ event }) => event);
    await expect.poll(() => asked().length, { interval: 5 }).toBe(attempt);
    return (asked()[attempt - 1] as { token: string }).token;
  }

  const fails = (errorType: string, errorMessage: string) => () => {
    throw new FunctionError({ errorType, errorMessage, trace: ['at step'] });
  };

  it('gives a function the input of its state, and its answer to the next', async () => {
    functions['Double'] = ({ n }) => ({ n: Number(n) * 2 });
    const arn = await start(
      {
        First: task('Double', 'Second', { Parameters: { 'n.$': '$.n' }, ResultPath: '$.result' }),
        Second: { Type: 'Choice', Choices: [{ Variable: '$.result.n', NumericEquals: 4, Next: 'Third' }] },
        Third: task('Double', undefined, { InputPath: '$.result' }),
      },
      { n: 2 },
    );

    expect(await ended(arn)).toMatchObject({
      status: 'SUCCEEDED',
      name: 'one',
      input: '{"n":2}',
      output: '{"n":8}',
      startDate: expect.any(Date),
      stopDate: expect.any(Date),
    });
    expect(invocations.map(({ event }) => event)).toEqual([{ n: 2 }, { n: 4 }]);
    expect(machines.execution(arn)).toMatchObject({ states: ['First', 'Second', 'Third'], transitions: 3 });
    expect(entered.slice(0, 3)).toEqual([
      'Product/Machine entered First',
      'Product/Machine exited First',
      'Product/Machine entered Second',
    ]);
  });

  it('catches the error of a function by its type, with what Lambda says as the cause', async () => {
    functions['Refuse'] = fails('Refused', 'The name is taken.');
    const arn = await start({
      First: task('Refuse', 'Never', {
        Retry: [{ ErrorEquals: ['Other'] }],
        Catch: [{ ErrorEquals: ['Refused'], ResultPath: '$.error', Next: 'Undo' }],
      }),
      Never: { Type: 'Pass', End: true },
      Undo: { Type: 'Pass', End: true },
    });

    const { status, output = '' } = await ended(arn);
    expect(status).toBe('SUCCEEDED');
    const { error } = JSON.parse(output) as { error: { Error: string; Cause: string } };
    expect(error.Error).toBe('Refused');
    expect(JSON.parse(error.Cause)).toEqual({
      errorType: 'Refused',
      errorMessage: 'The name is taken.',
      trace: ['at step'],
    });
    expect(machines.execution(arn).states).toEqual(['First', 'Undo']);
  });

  it('retries as the definition says, with shorter pauses, and counts each retry as a transition', async () => {
    let attempts = 0;
    functions['Flaky'] = () => {
      attempts += 1;
      return attempts < 3 ? fails('Busy', 'not now')() : 'done';
    };
    const retry = { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 };
    const startedAt = Date.now();
    const arn = await start({ First: task('Flaky', undefined, { Retry: [retry] }) });

    expect((await ended(arn)).output).toBe('"done"');
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(machines.execution(arn).transitions).toBe(3);
  });

  it.each([
    ['a fixed time', { Seconds: 60 }],
    ['a time from the input', { SecondsPath: '$.result.waitSeconds' }],
  ])('waits for %s, scaled, and hands on its input', async (_name, fields) => {
    const startedAt = Date.now();
    const arn = await start({ Wait: { Type: 'Wait', End: true, ...fields } }, { result: { waitSeconds: 60 } });

    expect((await ended(arn)).output).toBe('{"result":{"waitSeconds":60}}');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(55);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  it('ends a task that takes longer than its timeout', async () => {
    functions['Hang'] = () => new Promise(() => {});
    const arn = await start({
      First: task('Hang', 'Never', {
        TimeoutSeconds: 1,
        Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }],
      }),
      Never: { Type: 'Pass', End: true },
      Late: { Type: 'Fail', Error: 'TooLate', Cause: 'It took too long.' },
    });
    expect(await ended(arn)).toMatchObject({ status: 'FAILED', error: 'TooLate', cause: 'It took too long.' });
  });

  it('lets a task and an execution without a timeout that a timer can hold take as long as one can', () => {
    const states = { First: task('Slow', undefined) };
    const { tasks } = prepare(definition(states, { TimeoutSeconds: 31_536_000 }), 1);
    expect(tasks.get('First')?.timeoutSeconds).toBe(2_147_483);
  });

  it('fails when a function answers more than a state may hold', async () => {
    functions['Much'] = () => 'x'.repeat(300_000);
    const all = [{ ErrorEquals: ['States.ALL'], Next: 'Undo' }];
    const arn = await start({ First: task('Much', undefined, { Catch: all }), Undo: { Type: 'Pass', End: true } });
    expect(await ended(arn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  describe('a task that waits for its token', () => {
    const fallback = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Undo' }];
    const states = {
      Ask: waitForToken(undefined, { Catch: fallback, ResultPath: '$.code' }),
      Undo: { Type: 'Pass', End: true },
    };

    it('gives its function a token, and goes on with what is sent for it', async () => {
      const arn = await start(states, { who: 'Ada' });
      const taskToken = await tokenOf();
      expect(invocations[0]?.event).toEqual({ token: taskToken, execution: arn, who: 'Ada' });
      expect((await fetchExecution(arn)).status).toBe('RUNNING');

      await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"code":"123456"}' }));
      expect((await ended(arn)).output).toBe('{"who":"Ada","code":{"code":"123456"}}');
    });

    it('fails with what is sent for it', async () => {
      const arn = await start(states, { who: 'Ada' });
      const taskToken = await tokenOf();
      await client.send(new SendTaskFailureCommand({ taskToken, error: 'Declined', cause: 'no' }));
      expect(JSON.parse((await ended(arn)).output ?? '')).toMatchObject({ error: { Error: 'Declined', Cause: 'no' } });
    });

    it('fails when its function does', async () => {
      functions['Ask'] = fails('Broken', 'oh');
      const arn = await start(states, { who: 'Ada' });
      expect(JSON.parse((await ended(arn)).output ?? '')).toMatchObject({ error: { Error: 'Broken' } });
    });

    it('has another token for each attempt, and the first one is over', async () => {
      const retry = [{ ErrorEquals: ['Again'], IntervalSeconds: 1 }];
      const arn = await start({ Ask: waitForToken(undefined, { Retry: retry }) }, { who: 'Ada' });
      const first = await tokenOf(1);
      await client.send(new SendTaskFailureCommand({ taskToken: first, error: 'Again' }));
      const second = await tokenOf(2);
      expect(second).not.toBe(first);
      await expect(client.send(new SendTaskSuccessCommand({ taskToken: first, output: '1' }))).rejects.toMatchObject({
        name: 'TaskTimedOut',
      });
      await client.send(new SendTaskSuccessCommand({ taskToken: second, output: '2' }));
      expect((await ended(arn)).output).toBe('2');
    });

    it.each([
      ['by itself', { TimeoutSeconds: 1 }, () => {}],
      [
        'when a test says that its time is up',
        { TimeoutSeconds: 86_400 },
        (arn: string) => machines.execution(arn).timeOut(),
      ],
    ])('times out %s, and its token with it', async (_name, fields, act) => {
      const ask = waitForToken(undefined, { ...fields, Catch: fallback });
      const arn = await start({ Ask: ask, Undo: { Type: 'Pass', End: true } }, { who: 'Ada' });
      const taskToken = await tokenOf();
      act(arn);
      expect(JSON.parse((await ended(arn)).output ?? '')).toMatchObject({ error: { Error: 'States.Timeout' } });
      await expect(client.send(new SendTaskSuccessCommand({ taskToken, output: '1' }))).rejects.toMatchObject({
        name: 'TaskTimedOut',
      });
    });

    it.each([
      ['garbage', 'garbage', 'InvalidToken'],
      ['one that was never given out', 'local.unknown', 'TaskDoesNotExist'],
    ])('refuses %s for a token', async (_name, taskToken, name) => {
      await expect(client.send(new SendTaskSuccessCommand({ taskToken, output: '1' }))).rejects.toMatchObject({ name });
    });

    it('refuses an output that is no JSON', async () => {
      const arn = await start(states, { who: 'Ada' });
      const taskToken = await tokenOf();
      await expect(client.send(new SendTaskSuccessCommand({ taskToken, output: '{' }))).rejects.toMatchObject({
        name: 'InvalidOutput',
      });
      expect((await fetchExecution(arn)).status).toBe('RUNNING');
    });
  });

  it.each([
    ['a task that waits for its token', { Ask: waitForToken('After'), After: task('After', undefined) }],
    ['a wait', { Wait: { Type: 'Wait', Seconds: 1_000_000, Next: 'After' }, After: task('After', undefined) }],
    [
      'a pause before a retry',
      {
        First: task('Fail', 'After', { Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1_000_000 }] }),
        After: task('After', undefined),
      },
    ],
  ])('starts nothing more once it is stopped in %s', async (_name, states) => {
    functions['Fail'] = fails('Busy', 'not now');
    const arn = await start(states, { who: 'Ada' });
    const [first = ''] = Object.keys(states);
    await expect.poll(() => entered.length, { interval: 5 }).toBeGreaterThan(0);
    if (first === 'Ask') await tokenOf();
    const before = invocations.length;

    await client.send(new StopExecutionCommand({ executionArn: arn, error: 'Superseded', cause: 'another one' }));
    expect(await ended(arn)).toMatchObject({ status: 'ABORTED', error: 'Superseded', cause: 'another one' });
    await client.send(new StopExecutionCommand({ executionArn: arn }));
    await server.stop();
    expect(machines.execution(arn).states).toEqual([first]);
    expect(invocations.length).toBe(Math.max(before, first === 'First' ? 1 : 0));
  });

  it('is the same execution when it is started twice with one name and input while it runs', async () => {
    const stateMachineArn = machines.create('Machine', 'Product/Machine', definition({ Ask: waitForToken(undefined) }));
    const begin = (input: string) => client.send(new StartExecutionCommand({ stateMachineArn, name: 'one', input }));
    const first = await begin('{"who":"Ada"}');
    expect((await begin('{"who":"Ada"}')).executionArn).toBe(first.executionArn);
    await expect(begin('{"who":"Bob"}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });

    await client.send(new SendTaskSuccessCommand({ taskToken: await tokenOf(), output: '1' }));
    await machines.execution(first.executionArn ?? '').over;
    await expect(begin('{"who":"Ada"}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    expect(machines.executions()).toHaveLength(1);
  });

  it.each([
    [
      'a state machine that is not there',
      () => new StartExecutionCommand({ stateMachineArn: 'arn:none' }),
      'StateMachineDoesNotExist',
    ],
    [
      'an execution that is not there',
      () => new DescribeExecutionCommand({ executionArn: 'arn:none' }),
      'ExecutionDoesNotExist',
    ],
    [
      'stopping what is not there',
      () => new StopExecutionCommand({ executionArn: 'arn:none' }),
      'ExecutionDoesNotExist',
    ],
    [
      'a name with a space',
      () =>
        new StartExecutionCommand({
          stateMachineArn: machines.create('M', 'M', definition({ A: task('A', undefined) })),
          name: 'a b',
        }),
      'InvalidName',
    ],
    [
      'an input that is no JSON',
      () =>
        new StartExecutionCommand({
          stateMachineArn: machines.create('M', 'M', definition({ A: task('A', undefined) })),
          input: '{',
        }),
      'InvalidExecutionInput',
    ],
    ['what this product does not use', () => new ListExecutionsCommand({}), 'UnknownOperationException'],
  ])('refuses %s', async (_name, command, name) => {
    await expect(client.send(command() as StartExecutionCommand)).rejects.toMatchObject({ name });
  });

  it.each([
    ['another query language', { A: task('A', undefined) }, { QueryLanguage: 'JSONata' }, 'the query language JSONata'],
    ['a map', { A: { Type: 'Map', Iterator: {}, End: true } }, {}, 'the Map state A'],
    [
      'another service',
      { A: { ...task('A', undefined), Resource: 'arn:aws:states:::sqs:sendMessage' } },
      {},
      'sendMessage',
    ],
    ['a heartbeat', { A: task('A', undefined, { HeartbeatSeconds: 5 }) }, {}, 'HeartbeatSeconds of the state A'],
    [
      'a context path',
      { A: task('A', undefined, { Parameters: { 'a.$': '$$.State.Name' } }) },
      {},
      'the context path $$.State.Name',
    ],
  ])('refuses a definition with %s', (_name, states, fields, message) => {
    expect(() => machines.create('M', 'M', definition(states, fields))).toThrow(message);
  });
});
