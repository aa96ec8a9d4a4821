import type { Channel } from '../channels/types.ts';
import { conflict } from '../domain/json-request.ts';
import type { Sender } from '../domain/sender.ts';
import type { SenderRequest } from '../domain/sender-request.ts';
import { CUT_OFF_AFTER_MS } from '../domain/standing.ts';
import type { Clock } from '../platform/clock.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { SessionStore } from '../platform/stores/sessions.ts';

export interface RemoveDependencies {
  senders: Pick<SenderStore, 'remove'>;
  secrets: Pick<SenderSecrets, 'remove'>;
  sessions: Pick<SessionStore, 'remove'>;
}

export interface OwnerDependencies extends RemoveDependencies {
  senders: Pick<SenderStore, 'byAddress' | 'remove'>;
  now: Clock;
}

/** The error for an address that somebody has. */
export const taken = (channel: Channel, address: string, standing = 'is already registered'): Error =>
  conflict(`sender_id: ${channel.address.format(address)} ${standing}`);

/**
 * The account's own sender that has the address already, on any channel with the same scheme; undefined when nobody has it.
 * Throws 409 when it belongs to another account, of whose sender nothing is said, or when what has it is something else: on
 * another channel, or registered in another way.
 */
export async function ownerOf(
  request: Pick<SenderRequest, 'address' | 'channel' | 'workflow'>,
  accountSid: string,
  channels: readonly Channel[],
  dependencies: OwnerDependencies,
): Promise<Sender | undefined> {
  const channel = channelOf(request, channels);
  for (const { name } of channels.filter(({ address }) => address.scheme === channel.address.scheme)) {
    const owner = await dependencies.senders.byAddress(name, request.address);
    if (!owner) continue;
    if (owner.accountSid !== accountSid) throw taken(channel, request.address);
    if (isCutOff(owner, dependencies.now())) {
      await removeSender(owner, dependencies);
      continue;
    }
    const isSameKind = owner.channel === request.channel && owner.workflow === request.workflow;
    if (isSameKind || owner.status === 'DELETING') return owner;
    throw taken(channel, request.address, `is already registered as ${owner.sid}; delete that sender first`);
  }
  return undefined;
}

/**
 * Claims a new sender's address and stores the sender. Channels with one scheme have claims of their own, so who finds another
 * one's beside its own gives way: of two at the very same moment that may be both, and each is told. Throws 409.
 */
export async function claimAddress(
  sender: Sender,
  channels: readonly Channel[],
  senders: Pick<SenderStore, 'create' | 'isClaimed' | 'remove'>,
): Promise<void> {
  const channel = channelOf(sender, channels);
  if (!(await senders.create(sender))) throw taken(channel, sender.address);
  const others = channels.filter((other) => other !== channel && other.address.scheme === channel.address.scheme);
  for (const { name } of others) {
    if (!(await senders.isClaimed(name, sender.address))) continue;
    await senders.remove(sender);
    throw taken(channel, sender.address, `is being registered on ${name} by another request`);
  }
}

/** Removes a sender with its secrets. The secrets go first: what is cut off after that can be repeated. */
export async function removeSender(sender: Sender, { senders, secrets, sessions }: RemoveDependencies): Promise<void> {
  await secrets.remove(sender.secretId);
  await sessions.remove(sender.sid);
  await senders.remove(sender);
}

export function channelOf({ channel: wanted }: Pick<SenderRequest, 'channel'>, channels: readonly Channel[]): Channel {
  const channel = channels.find(({ name }) => name === wanted);
  if (!channel) throw new Error(`The channel ${wanted} vanished while a sender was created.`);
  return channel;
}

/** Whether it was to be connected by a request that is over. One with a workflow is taken up again instead. */
function isCutOff({ workflow, status, dateCreated }: Sender, now: number): boolean {
  return workflow === undefined && status === 'CREATING' && now - Date.parse(dateCreated) > CUT_OFF_AFTER_MS;
}
