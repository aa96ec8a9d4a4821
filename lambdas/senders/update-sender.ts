import { isDeepStrictEqual } from 'node:util';
import { conflict } from '../domain/json-request.ts';
import { executionArn, executionName, type Registration } from '../domain/registration.ts';
import { isOnline, REGISTERING, type Sender } from '../domain/sender.ts';
import type { SenderUpdate } from '../domain/sender-update.ts';
import { isDead } from '../domain/standing.ts';
import { toIso } from '../platform/clock.ts';
import { executionStatus, startExecution } from '../platform/state-machines.ts';
import { answerCode } from './answer-code.ts';
import type { NumberDependencies } from './number-dependencies.ts';

/**
 * Changes a sender. Its webhook changes at once; what the provider or the containers must be told of starts an execution,
 * and until that has ended the sender is ONLINE:UPDATING.
 * @returns the sender as it is now; undefined when it was deleted meanwhile
 */
export async function updateSender(
  sender: Sender,
  update: SenderUpdate,
  dependencies: NumberDependencies,
): Promise<Sender | undefined> {
  const { webhook, profileName, rate, code } = update;
  const profile = Object.keys(update.profile).length > 0 ? update.profile : undefined;
  const fields = { ...sender.fields, ...update.shape };
  const isReshaped = !isDeepStrictEqual(fields, sender.fields);
  const isShownAnew = profileName !== sender.profileName || !isDeepStrictEqual(profile, sender.profile);
  // Steps add to a sender while it is registered: only what is asked for is written.
  const changes = {
    webhook,
    ...(!isDeepStrictEqual(rate, sender.rate) && { rate }),
    ...(isShownAnew && { profileName, profile }),
    dateUpdated: toIso(dependencies.now()),
  };

  if (sender.workflow !== undefined && (isReshaped || isShownAnew)) {
    if (!isOnline(sender)) refuseWhileNotOnline(sender, profileName, isReshaped);
    else if (!code) return startUpdate(sender, { ...changes, fields }, dependencies);
  }
  return code ? answerCode(sender, code, changes, dependencies) : dependencies.senders.change(sender, changes);
}

/** What a registration sets at its end can be changed until then; what it has begun with cannot. */
function refuseWhileNotOnline(sender: Sender, profileName: string | undefined, isReshaped: boolean): void {
  const what =
    sender.status === 'OFFLINE'
      ? 'register the number again (POST Senders) with what it is to have'
      : `wait until the sender is ONLINE; it is ${sender.status}`;
  if (isReshaped) throw conflict(`configuration.mode and shards: cannot be changed now; ${what}`);
  if (REGISTERING.includes(sender.status) && profileName !== sender.profileName) {
    throw conflict(`profile.name: cannot be changed now; ${what}`);
  }
}

async function startUpdate(
  sender: Sender,
  changes: Partial<Pick<Sender, 'webhook' | 'rate' | 'profileName' | 'profile' | 'fields' | 'dateUpdated'>>,
  dependencies: NumberDependencies,
): Promise<Sender | undefined> {
  const { senders, registrations, machines, now } = dependencies;
  const { sid, accountSid } = sender;
  const before = await registrations.get(sid);
  if (before && (await isUnderWay(before, now()))) {
    throw conflict(`${sid} is being changed, at the step ${before.step}; try again when it is ONLINE`);
  }
  const next = nextUpdate(sender, before, machines.update, toIso(now()));
  if (!(await registrations.put(next, before))) {
    throw conflict(`${sid} is being changed by another request; try again when it is ONLINE`);
  }
  const updating = await senders.change(sender, { ...changes, status: 'ONLINE:UPDATING', offlineReasons: undefined }, [
    'ONLINE',
    'ONLINE:UPDATING',
  ]);
  if (updating) {
    await startExecution(machines.update, executionName(sid, next.attempt), { accountSid, senderSid: sid });
  }
  return updating;
}

/** Nothing is, when what was begun has ended, or was cut off before it began. */
async function isUnderWay(record: Registration, now: number): Promise<boolean> {
  if (record.state === 'done') return false;
  return !isDead(record, await executionStatus(record.executionArn), now);
}

function nextUpdate(
  { sid, accountSid, workflow = 'device', fields, profileName }: Sender,
  before: Registration | undefined,
  machine: string,
  at: string,
): Registration {
  const attempt = (before?.attempt ?? 0) + 1;
  return {
    ...(before ?? { accountSid, senderSid: sid, workflow }),
    attempt,
    executionArn: executionArn(machine, executionName(sid, attempt)),
    state: 'updating',
    step: 'BeginUpdate',
    stepStartedAt: at,
    startedAt: at,
    // An update that died halfway has left what was before it: that is what worked last.
    previous: (before?.state === 'updating' ? before.previous : undefined) ?? { fields, profileName },
    code: undefined,
    failure: undefined,
    supersededArn: undefined,
  };
}
