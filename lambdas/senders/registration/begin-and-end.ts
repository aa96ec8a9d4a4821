import { offlineReason } from '../../domain/registration.ts';
import type { OfflineReason } from '../../domain/sender.ts';
import { fetchNumber, submitName } from '../graph/phone-number.ts';
import { refuseLateShards } from './device-connection.ts';
import { arrangementOf } from './device-of.ts';
import { RegistrationRefused } from './errors.ts';
import { graphOf, numberIdOf } from './graph-of.ts';
import { DONE, type Job, type Step } from './job.ts';

/** ReserveSender: the sender is this execution's from here on; what an earlier one said of it is over. */
export const reserveSender: Step = async (job) => {
  if (job.record.state !== 'running') {
    throw new RegistrationRefused('This registration is over.', 'Register the number again.');
  }
  await job.changeSender({ status: 'CREATING', offlineReasons: undefined });
  return DONE;
};

/**
 * BeginUpdate: finds out whether containers are to be changed (`containers`), or only what people see (`settings`), and
 * submits a new display name.
 */
export const beginUpdate: Step = async (job) => {
  // The answer to a write is the sender as it is; what was read before may be older than the request that started this.
  await job.changeSender({ status: 'ONLINE:UPDATING', offlineReasons: undefined });
  const outcome = isReshaped(job) ? 'containers' : 'settings';
  if (outcome === 'containers') await refuseImpossible(job);
  // After all that may be refused here.
  const offlineReasons = await changeName(job);
  if (offlineReasons) await job.changeSender({ offlineReasons });
  return { outcome };
};

function isReshaped({ record, sender: { fields } }: Job): boolean {
  const before = record.previous?.fields ?? fields;
  return record.workflow === 'device' && ['mode', 'shards'].some((name) => fields[name] !== before[name]);
}

/** Throws `RegistrationRefused` where the containers cannot become what is wanted. */
async function refuseImpossible(job: Job): Promise<void> {
  const { mode, shards } = arrangementOf(job);
  const inForce = (await job.dependencies.devices.get(job.sender.sid))?.shardsInForce ?? 1;
  const wanted = mode === 'multiconnect' ? shards : 1;
  if (wanted !== inForce) refuseLateShards(job);
  if (mode !== 'single' || inForce === 1) return;
  throw new RegistrationRefused(
    `The number is spread over ${inForce} shards, and a single device has no place for them.`,
    'First change it to multiconnect with one shard, then to single.',
  );
}

/** @returns what is to be said of a name that has changed; undefined when it has not */
async function changeName(job: Job): Promise<OfflineReason[] | undefined> {
  const { sender, record, event } = job;
  const name = sender.profileName;
  if (!name || record.previous === undefined || name === record.previous.profileName) return undefined;
  const graph = await graphOf(job);
  const id = numberIdOf(job);
  const { verified_name: shown } = await fetchNumber(graph, id, ['verified_name']);
  if (shown === name) return undefined;
  await submitName(graph, id, name);
  const message = `Meta reviews the new display name; people see ${shown === undefined ? 'the old one' : `"${shown}"`} until then`;
  const action =
    'Once it is approved, delete the sender and register the number again: names are taken over only then.';
  return [offlineReason({ step: event.step, message, action })];
}

/** GoOnline: messages may be sent, and the session is renewed from now on. */
export const goOnline: Step = async (job) => {
  const { session } = await job.secret();
  if (session) await job.dependencies.keeper.schedule(job.sender, job.channel, session, job.now);
  await job.changeSender({ status: 'ONLINE' });
  await job.changeRecord({ state: 'done', code: undefined, previous: undefined, failure: undefined });
  return DONE;
};
