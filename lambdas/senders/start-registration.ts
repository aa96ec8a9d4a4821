import { createHash, randomBytes } from 'node:crypto';
import type { Channel } from '../channels/types.ts';
import { conflict, invalid } from '../domain/json-request.ts';
import { executionArn, executionName, type Registration, type Workflow } from '../domain/registration.ts';
import { REGISTERING, type Sender, type SenderSecret } from '../domain/sender.ts';
import type { SenderRequest } from '../domain/sender-request.ts';
import { newSid } from '../domain/sid.ts';
import { standingOf } from '../domain/standing.ts';
import { toIso } from '../platform/clock.ts';
import { executionStatus, startExecution } from '../platform/state-machines.ts';
import { channelOf, claimAddress, ownerOf, taken } from './address-owner.ts';
import type { NumberDependencies, NumberMachines } from './number-dependencies.ts';
import { retireNumber } from './retire-number.ts';

/** A request for a number that the gateway is to register. */
export type NumberRequest = SenderRequest & { workflow: Workflow };

/**
 * Starts the registration of a number: claims its address, writes down which execution acts for it, keeps its secrets, starts
 * that execution. Of two who ask at once, the one that claims the address, or else writes the record, goes on; the other gets
 * 409. What is cut off between two lines is taken up by the next request for the number, and so is a registration that has
 * failed: under the same SID, from the beginning.
 */
export async function startRegistration(
  request: NumberRequest,
  account: { sid: string },
  channels: readonly Channel[],
  dependencies: NumberDependencies,
): Promise<Sender> {
  const { senders, registrations, secrets, now } = dependencies;
  const channel = channelOf(request, channels);
  const machine = machineFor(request.workflow, dependencies.machines);
  const owner = await ownerOf(request, account.sid, channels, dependencies);
  const record = owner && (await registrations.get(owner.sid));
  if (owner) await refuseUnlessOver(owner, record, request, channel, dependencies);

  const secret: SenderSecret = { secrets: {}, webhookSecret: randomBytes(24).toString('base64url') };
  const sender = owner ?? newSender(request, account.sid, secret, dependencies);
  if (!owner) await claimAddress(sender, channels, senders);

  const next = nextRegistration(sender, request.workflow, record, machine, toIso(now()));
  const isFirst = await registrations.put(next, record);
  if (!isFirst) throw taken(channel, request.address, `is being registered as ${sender.sid} by another request`);

  const kept = await secrets.save(sender.secretId, (before) => merged(before ?? secret, request));
  const changes = { ...startOf(request), webhookSecretHash: hashOf(kept), dateUpdated: toIso(now()) };
  const started = await senders.change(sender, changes, [...REGISTERING, 'OFFLINE']);
  if (!started) {
    // Where its removal is over already, nobody else would remove these secrets.
    if (!(await senders.get(sender.accountSid, sender.sid))) await secrets.remove(sender.secretId);
    throw conflict(`sender_id: ${sender.sid} has just been deleted`);
  }
  await startExecution(machine, executionName(sender.sid, next.attempt), {
    accountSid: sender.accountSid,
    senderSid: sender.sid,
  });
  return started;
}

function machineFor(workflow: Workflow, { register }: NumberMachines): string {
  const machine = register[workflow];
  if (machine !== undefined) return machine;
  throw invalid([
    'configuration: this gateway runs no devices; deploy it with `fleet.devices`, or give url and password of a device that runs elsewhere',
  ]);
}

async function refuseUnlessOver(
  owner: Sender,
  record: Registration | undefined,
  request: NumberRequest,
  channel: Channel,
  dependencies: NumberDependencies,
): Promise<void> {
  // Whatever cut a removal off, the next one who wants the number sees to it that it goes on.
  if (owner.status === 'DELETING') await retireNumber(owner, dependencies);
  const execution = record && (await executionStatus(record.executionArn));
  const standing = standingOf(owner, record, execution, dependencies.now());
  if (standing !== undefined) throw taken(channel, request.address, standing);
}

/** What a request says of a sender, at the beginning of its registration. */
function startOf({ fields, webhook, profileName, profile, workflow, rate }: NumberRequest) {
  return {
    status: 'CREATING',
    workflow,
    fields,
    webhook,
    profileName,
    profile,
    rate,
    offlineReasons: undefined,
  } as const;
}

function newSender(
  request: NumberRequest,
  accountSid: string,
  secret: SenderSecret,
  { secrets, now }: Pick<NumberDependencies, 'secrets' | 'now'>,
): Sender {
  const sid = newSid('XE', now());
  const { channel, address, workflow, fields, webhook } = request;
  return {
    sid,
    accountSid,
    channel,
    address,
    status: 'CREATING',
    workflow,
    fields,
    webhook,
    secretId: secrets.idFor(sid),
    webhookSecretHash: hashOf(secret),
    dateCreated: toIso(now()),
    dateUpdated: toIso(now()),
  };
}

/** What an earlier try has left (a number that it added and could not remove) is taken over. */
function nextRegistration(
  { sid, accountSid }: Sender,
  workflow: Workflow,
  before: Registration | undefined,
  machine: string,
  at: string,
): Registration {
  const attempt = (before?.attempt ?? 0) + 1;
  return {
    accountSid,
    senderSid: sid,
    workflow,
    attempt,
    executionArn: executionArn(machine, executionName(sid, attempt)),
    state: 'running',
    step: 'ReserveSender',
    stepStartedAt: at,
    startedAt: at,
    ...(before?.phoneNumberId !== undefined && { phoneNumberId: before.phoneNumberId }),
    ...(before?.addedPhoneNumber !== undefined && { addedPhoneNumber: before.addedPhoneNumber }),
  };
}

/** The customer's secrets, beside what the gateway made up: a device that an earlier try left still has that password. */
function merged(before: SenderSecret, { secrets: { pin, ...secrets } }: NumberRequest): SenderSecret {
  const { certificate: _, session: __, ...kept } = before;
  return { ...kept, secrets: { ...before.secrets, ...secrets }, ...(pin !== undefined && { pin }) };
}

const hashOf = ({ webhookSecret }: SenderSecret): string => createHash('sha256').update(webhookSecret).digest('hex');
