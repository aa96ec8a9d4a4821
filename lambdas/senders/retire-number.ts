import { conflict } from '../domain/json-request.ts';
import { executionArn, executionName, type Registration } from '../domain/registration.ts';
import type { Sender } from '../domain/sender.ts';
import { isDead } from '../domain/standing.ts';
import { toIso } from '../platform/clock.ts';
import { executionStatus, startExecution } from '../platform/state-machines.ts';
import type { NumberDependencies } from './number-dependencies.ts';

/** Another request, or a step, may write the record at the same time: each loses to the other once at most. */
const TRIES = 3;

/**
 * Starts the removal of a number and of all that belongs to it, and hides its sender. Whatever is under way for the number
 * is superseded from the moment the record says so. Asking again is harmless, and takes up what was cut off.
 */
export async function retireNumber(sender: Sender, dependencies: NumberDependencies): Promise<void> {
  const record = await retirement(sender, dependencies);
  const { accountSid, sid: senderSid } = sender;
  await startExecution(dependencies.machines.retire, executionName(senderSid, record.attempt), {
    accountSid,
    senderSid,
  });
  // Last, so that whoever got no answer still finds the sender and can delete it again.
  await dependencies.senders.change(sender, { status: 'DELETING', dateUpdated: toIso(dependencies.now()) });
}

/** The record of the removal: the one that is there while its execution lives, else a new one. */
async function retirement(sender: Sender, dependencies: NumberDependencies): Promise<Registration> {
  const { registrations, now } = dependencies;
  for (let tried = 0; tried < TRIES; tried += 1) {
    const before = await registrations.get(sender.sid);
    if (before?.state === 'retiring') {
      const execution = await executionStatus(before.executionArn);
      if (execution === undefined || !isDead(before, execution, now())) return before;
    }
    const next = nextRetirement(sender, before, dependencies);
    if (await registrations.put(next, before)) return next;
  }
  throw conflict(`${sender.sid} is being changed by several requests at once; try again`);
}

function nextRetirement(
  { sid, accountSid, workflow = 'device' }: Sender,
  before: Registration | undefined,
  { machines, now }: NumberDependencies,
): Registration {
  const at = toIso(now());
  const attempt = (before?.attempt ?? 0) + 1;
  return {
    ...(before ?? { accountSid, senderSid: sid, workflow }),
    attempt,
    executionArn: executionArn(machines.retire, executionName(sid, attempt)),
    ...(before && { supersededArn: before.state === 'retiring' ? before.supersededArn : before.executionArn }),
    state: 'retiring',
    step: 'StopRegistration',
    stepStartedAt: at,
    startedAt: at,
    // What the removal itself has no use for.
    code: undefined,
    previous: undefined,
    failure: undefined,
  };
}
