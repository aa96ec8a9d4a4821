import type { LogLine } from '../../../local/logs.ts';
import type { QueueDepth } from '../../../local/sqs.ts';
import { gateway } from './gateway.ts';

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
