import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ACCOUNT_ID, REGION } from '../aws.ts';
import { HttpApi } from '../http-api/server.ts';
import { EventSource } from '../lambda/event-source.ts';
import { LambdaFunction } from '../lambda/function.ts';
import { awsVariables, lambdaVariables, providerVariables } from '../lambda/variables.ts';
import { parseRate, scheduleSchema } from '../schedules.ts';
import type { Handler, Resource } from '../template/provision.ts';
import { type Emulators, findFunction, type Made } from './emulators.ts';

const functionSchema = z.object({
  FunctionName: z.string().optional(),
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  ReservedConcurrentExecutions: z.coerce.number().positive().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).optional(),
});

const eventSourceSchema = z.object({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  BatchSize: z.coerce.number().default(10),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number() }).optional(),
  FunctionResponseTypes: z.array(z.string()).default([]),
  Enabled: z.union([z.boolean(), z.stringbool()]).default(true),
});

const functionUrlSchema = z.object({
  TargetFunctionArn: z.string(),
  AuthType: z.literal('NONE'),
  InvokeMode: z.literal('BUFFERED').optional(),
});

const stateMachineSchema = z.object({
  StateMachineName: z.string().optional(),
  StateMachineType: z.literal('STANDARD').default('STANDARD'),
  DefinitionString: z.string(),
});

/** Functions, and what invokes them: queues, schedules, state machines. */
export function functionHandlers(emulators: Emulators, made: Made): Record<string, Handler> {
  const find = (nameOrArn: string) => {
    const target = findFunction(made, nameOrArn);
    if (!target) throw new Error(`there is no function ${nameOrArn}`);
    return target;
  };
  return {
    'AWS::Lambda::Function'(resource) {
      const target = makeFunction(resource, emulators);
      made.functions.set(resource.path, target);
      return { ref: target.configuration.name, attributes: { Arn: target.configuration.arn } };
    },

    'AWS::Lambda::EventSourceMapping'({ properties }) {
      const mapping = eventSourceSchema.parse(properties);
      const target = find(mapping.FunctionName);
      if (mapping.Enabled) {
        const source = new EventSource(emulators.sqs.client, target, {
          queueUrl: emulators.sqs.queueUrl(mapping.EventSourceArn),
          queueArn: mapping.EventSourceArn,
          batchSize: mapping.BatchSize,
          maximumConcurrency: mapping.ScalingConfig?.MaximumConcurrency ?? Number.POSITIVE_INFINITY,
          reportBatchItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
        });
        made.eventSources.push(source);
        made.targets.add(target);
      }
      return { ref: randomUUID(), attributes: {} };
    },

    async 'AWS::Lambda::Url'({ properties }) {
      const { TargetFunctionArn } = functionUrlSchema.parse(properties);
      const target = find(TargetFunctionArn);
      // Gives the function what an HTTP API does whose only route is `$default`.
      const server = await HttpApi.start(0);
      made.functionUrls.push(server);
      const timeoutMilliseconds = target.configuration.timeoutSeconds * 1_000;
      server.open('url', [{ key: '$default', target: { function: target, timeoutMilliseconds } }]);
      made.targets.add(target);
      return { ref: TargetFunctionArn, attributes: { FunctionUrl: `${server.url}/`, FunctionArn: TargetFunctionArn } };
    },

    'AWS::Scheduler::Schedule'({ path, logicalId, properties }) {
      const { ScheduleExpression, State, Target } = scheduleSchema.parse(properties);
      const target = find(Target.Arn);
      made.schedules.push({
        path,
        intervalMilliseconds: parseRate(ScheduleExpression),
        isEnabled: State === 'ENABLED',
        tick: () => target.invoke(JSON.parse(Target.Input)),
      });
      const arn = `arn:aws:scheduler:${REGION}:${ACCOUNT_ID}:schedule/default/${logicalId}`;
      return { ref: logicalId, attributes: { Arn: arn } };
    },

    'AWS::StepFunctions::StateMachine'({ stackName, logicalId, path, properties }) {
      const machine = stateMachineSchema.parse(properties);
      const name = machine.StateMachineName ?? `${stackName}-${logicalId}`;
      const arn = emulators.machines.create(name, path, machine.DefinitionString);
      return { ref: arn, attributes: { Arn: arn, Name: name } };
    },
  };
}

function makeFunction(resource: Resource, emulators: Emulators): LambdaFunction {
  const properties = functionSchema.parse(resource.properties);
  const directory = emulators.assembly.files.get(properties.Code.S3Key);
  if (directory === undefined) throw new Error(`the assembly has no asset ${properties.Code.S3Key}`);
  const name = properties.FunctionName ?? `${resource.stackName}-${resource.logicalId}`;
  const configuration = {
    name,
    arn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`,
    directory,
    handler: properties.Handler,
    timeoutSeconds: properties.Timeout,
    memoryMegabytes: properties.MemorySize,
    environment: {
      ...withQueuesInFront(changed(properties.Environment?.Variables, emulators.environment), emulators),
      ...lambdaVariables(name, properties.MemorySize, directory),
      ...awsVariables(emulators.functionEndpoints),
      ...providerVariables(emulators.providers),
    },
  };
  const reserved = properties.ReservedConcurrentExecutions ?? emulators.maximumConcurrency;
  const log = (line: string) => emulators.logs.add(resource.path, line);
  return new LambdaFunction(configuration, Math.min(reserved, emulators.maximumConcurrency), log);
}

/** A queue's URL begins with where SQS is, and an SDK goes where the URL says. */
function withQueuesInFront(
  variables: Record<string, string>,
  { endpoints, functionEndpoints }: Pick<Emulators, 'endpoints' | 'functionEndpoints'>,
): Record<string, string> {
  const inFront = (value: string) => value.replace(`${endpoints.sqs}/`, `${functionEndpoints.sqs}/`);
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, inFront(value)]));
}

/** Variables with other values where there are some. */
function changed(
  variables: Record<string, string> = {},
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, others[name] ?? value]));
}
