import type { FleetResources, FleetTask } from '../../../local/fleet/view.ts';
import type { LogLine } from '../../../local/logs.ts';
import type { QueueDepth } from '../../../local/sqs.ts';
import { gateway } from './gateway.ts';
import type { ShownExecution } from './number-actions.ts';

/** False against a deployed gateway: use it as `describe.runIf(isLocal)`. */
export const isLocal = gateway.controlUrl !== undefined;

/** What only the local stack can show and do. */
export const local = {
  /** Every item of every table. */
  items: () => call<Record<string, unknown>[]>('GET', '/items'),
  /** By construct path: `Switchboard/OutboundQueue/Queue`, `Switchboard/OutboundQueue/DeadLetters`. */
  depths: () => call<Record<string, QueueDepth>>('GET', '/depths'),
  /** What functions and tasks have logged so far. */
  logs: () => call<LogLine[]>('GET', '/logs'),
  /** What Secrets Manager holds under a name. */
  secret: (name: string) => call<string>('GET', `/secret/${encodeURIComponent(name)}`),
  /** Makes queue entries whose function failed visible now, instead of when their visibility timeout ends. */
  redeliver: () => call<null>('POST', '/redeliver'),
  /** Kills a function wherever it is, by its construct id: `Deliver`. */
  kill: (name: string) => call<null>('POST', `/kill/${name}`),
  /** Invokes a function by its construct id, past gateway and queues. */
  invoke: (name: string, event: unknown) => call<unknown>('POST', `/invoke/${name}`, event),
  /** Lets a schedule tick, by its construct id: `ReconcileSchedule`. Resolves when its function has answered. */
  tick: (name: string) => call<unknown>('POST', `/tick/${name}`),
  /** Stores a message like one that was accepted, as a request that is cut off before the queue leaves it. @returns its SID */
  storeUnqueued: (like: string) => call<string>('POST', `/storeUnqueued/${like}`),
  /** The time of a scheduled message comes now. */
  comeDue: (sid: string) => call<null>('POST', `/comeDue/${sid}`),
  /** Everything that numbers have on AWS. */
  resources: () => call<FleetResources>('GET', '/resources'),
  /** Containers of a sender that run or will. */
  tasks: (senderSid: string) => call<FleetTask[]>('GET', `/tasks/${senderSid}`),
  /** Kills a container's process. */
  killTask: (arn: string) => call<null>('POST', `/killTask/${encodeURIComponent(arn)}`),
  /** Changes how many containers a service should have, past the gateway. */
  scale: (service: string, desiredCount: number) => call<null>('POST', `/scale/${service}`, desiredCount),
  /** Executions of a sender's state machines, in the order of their starts. */
  executions: (senderSid: string) => call<ShownExecution[]>('GET', `/executions/${senderSid}`),
  /** Resolves once an execution of the sender has entered a state so often; fails when the last one ends without. */
  reached: (senderSid: string, state: string, times = 1) =>
    call<null>('POST', `/reached/${senderSid}`, { state, times }),
  /** Resolves once the sender's last execution is over. */
  over: (senderSid: string) => call<ShownExecution>('POST', `/over/${senderSid}`),
  /** Kills functions while they do steps of the sender's registration. Tells for each whether it was in the middle of it. */
  killDuring: (senderSid: string, steps: { state: string; name: string }[]) =>
    call<boolean[]>('POST', `/killDuring/${senderSid}`, steps),
  /** The time for the code is up. */
  timeOut: (senderSid: string) => call<null>('POST', `/timeOut/${senderSid}`),
  /** What the sender's registration waits for, it has waited for so much longer. */
  age: (senderSid: string, milliseconds: number) => call<null>('POST', `/age/${senderSid}`, milliseconds),
};

async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway.controlUrl}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as Answer;
}
