import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Calls } from '../protocol/calls.ts';
import { type JsonActions, type RunningServer, serveJson } from '../protocol/json.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { StateError } from './errors.ts';
import type { Execution } from './execution.ts';
import { isJson, type Machines } from './machines.ts';

/** Serves the calls of Step Functions that this product makes, and no others. */
export async function serveStepFunctions(machines: Machines, calls?: Calls): Promise<RunningServer> {
  const server = await serveJson({ name: 'Step Functions', protocol: '1.0', actions: actionsOf(machines), calls });
  return {
    url: server.url,
    async stop() {
      await machines.stop();
      await server.stop();
    },
  };
}

const startSchema = z.object({
  stateMachineArn: z.string(),
  name: z.string().default(() => randomUUID()),
  input: z.string().default('{}'),
});
const executionSchema = z.object({ executionArn: z.string() });
const failureSchema = z.object({ error: z.string().optional(), cause: z.string().optional() });
const tokenSchema = z.object({ taskToken: z.string() });

function actionsOf(machines: Machines): JsonActions {
  return {
    StartExecution(request) {
      const { stateMachineArn, name, input } = startSchema.parse(request);
      const execution = machines.start(stateMachineArn, name, input);
      return { executionArn: execution.arn, startDate: execution.startedAt / 1000 };
    },
    DescribeExecution(request) {
      return describe(machines.execution(executionSchema.parse(request).executionArn));
    },
    StopExecution(request) {
      const { executionArn, error, cause } = executionSchema.and(failureSchema).parse(request);
      const execution = machines.execution(executionArn);
      execution.stop(error, cause);
      return { stopDate: (execution.stoppedAt ?? Date.now()) / 1000 };
    },
    SendTaskSuccess(request) {
      const { taskToken, output } = tokenSchema.extend({ output: z.string() }).parse(request);
      if (!isJson(output)) throw new ServiceError('InvalidOutput', "Invalid Output: 'no JSON'");
      machines.tokens.waiting(taskToken).succeed(JSON.parse(output));
    },
    SendTaskFailure(request) {
      const { taskToken, error = 'States.TaskFailed', cause = '' } = tokenSchema.and(failureSchema).parse(request);
      machines.tokens.waiting(taskToken).fail(new StateError(error, cause));
    },
  };
}

function describe(execution: Execution): Record<string, unknown> {
  const { arn, machineArn, name, status, startedAt, stoppedAt, input, output, error, cause } = execution;
  return {
    executionArn: arn,
    stateMachineArn: machineArn,
    name,
    status,
    startDate: startedAt / 1000,
    stopDate: stoppedAt === undefined ? undefined : stoppedAt / 1000,
    input,
    inputDetails: { included: true },
    output,
    error,
    cause,
  };
}
