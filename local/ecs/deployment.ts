import { randomBytes } from 'node:crypto';
import type { TaskDefinition } from './definitions.ts';
import type { ServiceDescription } from './service-input.ts';

/** The fewest tasks that must fail to start before a circuit breaker gives up a deployment. */
const LEAST_FAILURES = 3;

/** One definition on its way to all tasks of a service. */
export interface Deployment {
  id: string;
  status: 'PRIMARY' | 'ACTIVE';
  definition: TaskDefinition;
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  rolloutStateReason: string;
  failedTasks: number;
  createdAt: number;
  updatedAt: number;
}

/** A deployment that has begun now, in the place of all others. */
export function newDeployment(definition: TaskDefinition): Deployment {
  const now = Date.now();
  const id = `ecs-svc/${BigInt(`0x${randomBytes(8).toString('hex')}`)}`;
  return {
    id,
    status: 'PRIMARY',
    definition,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    createdAt: now,
    updatedAt: now,
  };
}

/** Whether so many tasks of a deployment have failed to start that its service gives it up, if it has a circuit breaker. */
export function breaksCircuit(
  { failedTasks, rolloutState }: Deployment,
  { deploymentConfiguration }: ServiceDescription,
  desiredCount: number,
): boolean {
  const limit = Math.max(LEAST_FAILURES, Math.ceil(desiredCount / 2));
  return (
    deploymentConfiguration.deploymentCircuitBreaker.enable && rolloutState === 'IN_PROGRESS' && failedTasks >= limit
  );
}
