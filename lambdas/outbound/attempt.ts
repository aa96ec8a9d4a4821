import type { Channel } from '../channels/types.ts';
import type { Message, TimelineEntry } from '../domain/message.ts';
import type { Rate } from '../domain/pacing.ts';
import type { Sender } from '../domain/sender.ts';
import type { CallbackTask, DeadLetter, OutboundTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import type { BacklogStore } from '../platform/stores/backlogs.ts';
import type { MessageIdStore } from '../platform/stores/message-ids.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import type { PacingStore } from '../platform/stores/pacing.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { SentMessageStore } from '../platform/stores/sent-messages.ts';
import type { WindowStore } from '../platform/stores/windows.ts';
import type { CredentialSource } from './credentials.ts';
import type { Lease } from './lease.ts';
import type { ProviderGate, ProviderPass } from './provider-gate.ts';

/** How long one attempt may take where the gateway is deployed, in ms; functions that deliver are told by `LEASE_SECONDS`. */
export const LEASE_MS = 30_000;

export interface DeliverDependencies {
  messages: MessageStore;
  senders: Pick<SenderStore, 'get'>;
  windows: WindowStore;
  pacing: PacingStore;
  backlogs: Pick<BacklogStore, 'hold'>;
  messageIds: MessageIdStore;
  sentMessages: SentMessageStore;
  credentials: CredentialSource;
  gate: ProviderGate;
  channel(name: string): Channel;
  announce(task: CallbackTask): Promise<void>;
  /** Keeps a letter under a key that a repetition has too. */
  bury(letter: DeadLetter, key: string): Promise<void>;
  allowLoopback: boolean;
  /** How long one attempt may take, in ms; after that another function may take the message over. */
  leaseMs: number;
  now: Clock;
}

/** What is needed to end a message: also of one whose sender is gone. */
export interface Ending {
  task: OutboundTask;
  message: Message;
  sender: Pick<Sender, 'sid' | 'webhook'>;
  channel: Channel;
  dependencies: DeliverDependencies;
}

/** One attempt to deliver one message, already claimed. */
export interface Attempt extends Ending {
  sender: Sender;
  rate: Rate;
  lease: Lease;
  pass: ProviderPass;
}

/** A timeline entry of this stage. */
export function entry(at: number, event: string, detail?: TimelineEntry['detail']): TimelineEntry {
  return { at: toIso(at), event, by: 'deliver', ...(detail && { detail }) };
}
