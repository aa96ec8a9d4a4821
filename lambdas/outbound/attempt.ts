import type { Channel } from '../channels/types.ts';
import type { Message, TimelineEntry } from '../domain/message.ts';
import type { Sender } from '../domain/sender.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import type { MessageIdStore } from '../platform/stores/message-ids.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import type { PacingStore } from '../platform/stores/pacing.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { SentMessageStore } from '../platform/stores/sent-messages.ts';
import type { WindowStore } from '../platform/stores/windows.ts';
import type { CredentialSource } from './credentials.ts';

/** How long one attempt may take where the gateway is deployed, in ms; functions that deliver are told by `LEASE_SECONDS`. */
export const LEASE_MS = 30_000;

export interface DeliverDependencies {
  messages: MessageStore;
  senders: SenderStore;
  windows: WindowStore;
  pacing: PacingStore;
  messageIds: MessageIdStore;
  sentMessages: SentMessageStore;
  credentials: CredentialSource;
  channel(name: string): Channel;
  announce(task: CallbackTask): Promise<void>;
  allowLoopback: boolean;
  /** How long one attempt may take, in ms; after that another function may take the message over. */
  leaseMs: number;
  now: Clock;
}

/** One attempt to deliver one message, already claimed. */
export interface Attempt {
  message: Message;
  sender: Sender;
  channel: Channel;
  dependencies: DeliverDependencies;
}

/** A timeline entry of this stage. */
export function entry(at: number, event: string, detail?: TimelineEntry['detail']): TimelineEntry {
  return { at: toIso(at), event, by: 'deliver', ...(detail && { detail }) };
}
