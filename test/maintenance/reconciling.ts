import type { HttpAnswer } from '../../lambdas/channels/types.ts';
import type { DeviceRole } from '../../lambdas/domain/device-names.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { Findings } from '../../lambdas/maintenance/reconcile.ts';
import type { OutgoingRequest } from '../../lambdas/platform/http.ts';
import type { Service } from '../../local/ecs/service.ts';
import type { Task } from '../../local/ecs/task.ts';
import { type FleetAws, startFleetAws } from '../fleet/aws.ts';
import { startDevice } from '../fleet/steps.ts';

export const HOUR = 60 * 60_000;
export const RETIRE = 'arn:aws:states:us-east-1:000000000000:stateMachine:RetireNumber';

export const answer = (body: unknown, status = 200): HttpAnswer => ({
  status,
  headers: {},
  body: JSON.stringify(body),
});
export const connected = () => answer({ health: { gateway_status: 'connected' } });

/** A fleet, and the job that looks after it. */
export interface Reconciling {
  aws: FleetAws;
  /** How the executions are that the job asks for; RUNNING unless told otherwise. */
  executions: Map<string, string | undefined>;
  /** Executions that the job started: `<machine>:<name>`. */
  started: string[];
  /** The counts that it reported. */
  emitted: Record<string, number>[];
  /** What it asked devices, and what they answer. */
  asked: OutgoingRequest[];
  health: () => HttpAnswer;
  /** Runs the job. @param later how much later than now, in ms */
  reconcile(options?: { later?: number; remainingMs?: number }): Promise<Findings>;
  /** Runs it until it finds nothing left to remove; each run goes one step. */
  reconcileUntilClean(later: number): Promise<void>;
  /** A number whose registration is over: online, its containers running. */
  onlineNumber(fields?: Record<string, string>): Promise<Sender>;
  /** Its sender is removed and nothing else, as when a removal was cut off. */
  forget(sender: Sender): Promise<void>;
  service(sender: Sender, role: DeviceRole): Service;
  /** Removes every device and forgets what was asked and told. */
  reset(): Promise<void>;
}

export async function startReconciling(): Promise<Reconciling> {
  const aws = await startFleetAws();
  const { reconcile } = await import('../../lambdas/maintenance/reconcile.ts');
  const { removeDevice } = await import('../../lambdas/fleet/remove-device.ts');
  const ending = (task: Task) => task.desiredStatus === 'STOPPED' || task.options.definition.family.endsWith('-erase');
  const untilEnded = () =>
    Promise.all(
      aws.ecs
        .tasks()
        .filter(ending)
        .map((task) => task.stopped),
    );

  const self: Reconciling = {
    aws,
    executions: new Map(),
    started: [],
    emitted: [],
    asked: [],
    health: connected,
    reconcile: ({ later = 0, remainingMs = 900_000 } = {}) =>
      reconcile(
        {
          ...aws.fleet,
          now: () => Date.now() + later,
          executionStatus: async (arn) => (self.executions.has(arn) ? self.executions.get(arn) : 'RUNNING'),
          startExecution: async (machine, name) => {
            self.started.push(`${machine}:${name}`);
          },
          retireNumberArn: RETIRE,
          send: async (request) => {
            self.asked.push(request);
            return self.health();
          },
          allowLoopback: true,
          emit: (counts) => self.emitted.push(counts),
        },
        () => remainingMs,
      ),
    async reconcileUntilClean(later) {
      for (let runs = 0; (await self.reconcile({ later })).OrphansRemoved > 0; runs += 1) {
        await untilEnded();
        if (runs > 8) throw new Error('It is never clean.');
      }
    },
    async onlineNumber(fields = {}) {
      const sender = await aws.addSender(fields);
      await startDevice(sender, aws.fleet);
      await aws.fleet.registrations.update(sender.sid, { state: 'done' });
      const online = await aws.fleet.senders().change(sender, { status: 'ONLINE' });
      if (!online) throw new Error('The sender is gone.');
      return online;
    },
    async forget(sender) {
      await aws.fleet.senders().remove(sender);
      await aws.fleet.registrations.remove(sender.sid);
    },
    service(sender, role) {
      const found = aws.serviceOf(sender, role);
      if (!found) throw new Error(`There is no ${role}.`);
      return found;
    },
    async reset() {
      Object.assign(self, { executions: new Map(), started: [], emitted: [], asked: [], health: connected });
      for (const { senderSid } of await aws.fleet.devices.list()) {
        for (let runs = 0; !(await removeDevice(senderSid, aws.fleet)); runs += 1) {
          await untilEnded();
          if (runs > 8) throw new Error('A device is never removed.');
        }
      }
    },
  };
  return self;
}
