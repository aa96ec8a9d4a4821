import type { Clock } from '../whatsapp/clock.ts';
import type { Faults } from '../whatsapp/faults.ts';
import { type ChannelFiles, type PlayedChannel, playedChannel } from './channel/played-channel.ts';
import type { PhoneBook } from './network/phone-book.ts';
import type { Sender } from './network/sender.ts';

/** Milliseconds from accepting a message to each status. */
export interface StatusDelays {
  sent: number;
  delivered: number;
  read: number;
}

export interface StoredMedia {
  contentType: string;
  content: Buffer;
}

/** A request that came, and what was made of it; without values, so that it may be shown. */
export interface SeenRequest {
  at: string;
  method: string;
  host: string;
  path: string;
  channel?: string;
  /** The sender whose request it was. */
  device?: string;
  /** What it was made for, and the case that it is like. */
  purpose?: string;
  like?: string;
  status: number;
  problems: string[];
}

/** Everything that is simulated in one process. */
export interface Laboratory {
  clock: Clock;
  faults: Faults;
  phones: PhoneBook;
  files: readonly ChannelFiles[];
  /** By channel and address, as `senderKey` makes it. */
  senders: Map<string, Sender>;
  /** What contacts sent, by the id or path under which it can be fetched. */
  media: Map<string, StoredMedia>;
  /** URLs that handshakes under way ask to be opened. */
  unconfirmed: Set<string>;
  seen: SeenRequest[];
  statusDelays: StatusDelays;
  /** Base URL of this process. */
  url(): string;
  channel(name: string): PlayedChannel | undefined;
  log(line: Record<string, unknown>): void;
}

export function senderKey(channel: string, address: string): string {
  return `${channel} ${address}`;
}

/** Reads each channel once, when it is first needed. */
export function channelReader(files: readonly ChannelFiles[]): Laboratory['channel'] {
  const read = new Map<string, PlayedChannel>();
  return (name) => {
    const known = read.get(name);
    if (known) return known;
    const found = files.find((candidate) => candidate.name === name);
    if (!found) return undefined;
    const played = playedChannel(found);
    read.set(name, played);
    return played;
  };
}
