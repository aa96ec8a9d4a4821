import { LOOKAHEAD_MS } from '../../lambdas/domain/backlog.ts';
import type { Rate } from '../../lambdas/domain/pacing.ts';
import type { Random } from './random.ts';

/** What a sender is for. Senders with support chats and campaigns have ordinary messages too. */
export type Purpose = 'small' | 'support' | 'campaign';

/**
 * Kinds of messages that are looked at apart: ordinary ones, replies, replies of a sender that has a campaign to send, campaigns,
 * and ordinary ones that are accepted behind a campaign of their own sender.
 */
export const KINDS = ['small', 'reply', 'rival', 'campaign', 'behind'] as const;
export type Kind = (typeof KINDS)[number];

/** A campaign: as many messages as the sender can send in a time between minutes and hours, posted faster than that. */
export interface Campaign {
  sender: Sender;
  /** When its first message is posted, ms since midnight. */
  start: number;
  count: number;
  /** Messages posted a second. */
  postRate: number;
  posted: number;
  /** When its last message would be sent by a gateway that loses no slot and takes no time. */
  idealEnd: number;
  /** When the last of its messages was sent. */
  end: number;
}

/** The item that paces a sender, as `lambdas/platform/table.ts` describes it, and the backlog beside it. */
export class Pace {
  tat = 0;
  admitted = 0;
  replied = 0;
  queued = 0;
  fullUntil = 0;
  releasedAt = 0;
  openedAt = 0;
  backlogAt: number | undefined;
  cursor = '';
  releaseLease = 0;
  readonly backlog = new Backlog();

  grow(now: number): true {
    this.backlogAt = now;
    return true;
  }

  begin(now: number): true {
    this.backlogAt = now;
    this.openedAt = now;
    this.releasedAt = now;
    this.queued = 0;
    this.fullUntil = now + LOOKAHEAD_MS;
    return true;
  }
}

/** What waits in the table, by keys that count up from 1 in the order of acceptance. */
export class Backlog {
  readonly #acceptedAt: number[] = [];
  readonly #turn: number[] = [];
  readonly #kind: Kind[] = [];
  /** How many entries were forgotten. */
  #forgotten = 0;

  get lastKey(): number {
    return this.#forgotten + this.#kind.length;
  }

  add(entry: BacklogEntry): void {
    this.#acceptedAt.push(entry.acceptedAt);
    this.#turn.push(entry.turn);
    this.#kind.push(entry.kind);
  }

  get(key: number): BacklogEntry | undefined {
    const index = key - this.#forgotten - 1;
    const kind = this.#kind[index];
    if (kind === undefined) return undefined;
    return { acceptedAt: this.#acceptedAt[index] ?? 0, turn: this.#turn[index] ?? 0, kind };
  }

  /** Makes memory free: what lies before `key` is not asked for any more. */
  forgetBefore(key: number): void {
    const count = key - this.#forgotten - 1;
    if (count < 10_000) return;
    this.#acceptedAt.splice(0, count);
    this.#turn.splice(0, count);
    this.#kind.splice(0, count);
    this.#forgotten += count;
  }
}

export interface BacklogEntry {
  acceptedAt: number;
  turn: number;
  kind: Kind;
}

export interface Sender {
  sid: string;
  purpose: Purpose;
  rate: Rate;
  account: Account;
  /** The last digit of its SID. */
  digit: number;
  pace: Pace;
  /** Ordinary messages a day, and messages a day from contacts in support chats. */
  perDay: number;
  chatsPerDay: number;
  campaigns: Campaign[];
  /** The campaign that is posted or sent, if any. */
  running: Campaign | undefined;
  /** Its pace in a gateway that takes no time. */
  idealTat: number;
  /** The provider's own limiter, without the tenth that we keep back. */
  providerTat: number;
  paceWrites: Second;
  backlogWrites: Second;
  sent: number;
}

/** Writes to one key in the second that was looked at last. */
export interface Second {
  second: number;
  writes: number;
}

export interface Account {
  sid: string;
  /** Writes by message shard. */
  shards: Second[];
  /** The last digit of its SID. */
  digit: number;
}

export interface Message {
  sender: Sender;
  kind: Kind;
  campaign: Campaign | undefined;
  acceptedAt: number;
  /** When it was to be sent by the clock of admission. */
  turn: number;
  dueAt: number | undefined;
  /** It waited in the backlog. */
  released: boolean;
  attempt: number;
  receives: number;
  /** Its FIFO group, where that has other messages: a conversation. */
  group: string | undefined;
  /** Its place in the queue. */
  place: number;
  /** The next message of its group; only the first one is handed out. */
  behind: Message | undefined;
}

const DEVICE: Rate = { perSecond: 20, burst: 60 };
const CLOUD: Rate = { perSecond: 80, burst: 80 };
/** A number on 32 shards. */
const LARGE: Rate = { perSecond: 250, burst: 750 };

const HOUR = 3_600_000;

export interface TrafficShape {
  senders: number;
  /** Instead of the day's campaigns: so many senders that all begin one at `start` and need `minutes` for it. */
  rush?: { senders: number; start: number; minutes: number; rates: readonly Rate[] };
}

/** Makes the senders of a day: of a hundred 83 small ones, 15 with support chats, 2 with campaigns. */
export function createSenders({ senders: count, rush }: TrafficShape, random: Random): Sender[] {
  const agency = createAccount('AC-agency', 0);
  const senders: Sender[] = [];
  let campaigners = 0;
  for (let index = 0; index < count; index += 1) {
    const inHundred = (index * 37) % 100;
    const purpose = inHundred < 2 ? 'campaign' : inHundred < 17 ? 'support' : 'small';
    const order = campaigners;
    if (purpose === 'campaign') campaigners += 1;
    // Every fortieth campaign sender is a large one, which makes five of 10,000 senders.
    const rate = purpose === 'campaign' && order % 40 === 15 ? LARGE : random.next() < 0.7 ? DEVICE : CLOUD;
    const isAgencys = purpose === 'campaign' && order % 10 === 5;
    const sender: Sender = {
      sid: `XE${index}`,
      purpose,
      rate,
      account: isAgencys ? agency : createAccount(`AC${index}`, random.integer(16)),
      digit: random.integer(16),
      pace: new Pace(),
      perDay: Math.min(2_000, random.logNormal(60, 1.1)),
      chatsPerDay: purpose === 'support' ? Math.min(3_000, random.logNormal(120, 0.8)) : 0,
      campaigns: [],
      running: undefined,
      idealTat: 0,
      providerTat: 0,
      paceWrites: { second: 0, writes: 0 },
      backlogWrites: { second: 0, writes: 0 },
      sent: 0,
    };
    if (purpose === 'campaign' && !rush) sender.campaigns.push(...campaignsOf(sender, random));
    senders.push(sender);
  }
  if (rush) {
    for (const [index, sender] of senders.slice(0, rush.senders).entries()) {
      sender.purpose = 'campaign';
      sender.rate = rush.rates[index % rush.rates.length] ?? DEVICE;
      sender.campaigns = [createCampaign(sender, rush.start + random.between(0, 2_000), rush.minutes * 60, random)];
    }
  }
  return senders;
}

function createAccount(sid: string, digit: number): Account {
  return { sid, digit, shards: Array.from({ length: 16 }, () => ({ second: 0, writes: 0 })) };
}

/** One campaign a day, from two minutes to an hour long at the sender's rate, and a second one of every fifth sender. Half begin on the half hour sharp. */
function campaignsOf(sender: Sender, random: Random): Campaign[] {
  const morning = random.between(8, 14);
  const starts =
    random.next() < 0.2 ? [morning, random.between(17, 20)] : [random.next() < 0.6 ? morning : random.between(14, 20)];
  return starts.map((hour) => {
    const at = random.next() < 0.5 ? Math.floor(hour * 2) / 2 : hour;
    return createCampaign(sender, at * HOUR + random.between(0, 3_000), random.logUniform(120, 3_600), random);
  });
}

function createCampaign(sender: Sender, start: number, seconds: number, random: Random): Campaign {
  const { perSecond } = sender.rate;
  return {
    sender,
    start,
    count: Math.round(seconds * perSecond),
    postRate: Math.min(500, perSecond * random.between(2, 6)),
    posted: 0,
    idealEnd: 0,
    end: 0,
  };
}

/** How busy each hour of the day is beside the mean one. */
const CURVE = [
  0.2, 0.12, 0.08, 0.06, 0.08, 0.18, 0.45, 0.9, 1.4, 1.75, 1.9, 1.85, 1.75, 1.7, 1.65, 1.6, 1.55, 1.6, 1.65, 1.55, 1.2,
  0.85, 0.5, 0.33,
];
const MEAN = CURVE.reduce((sum, weight) => sum + weight, 0) / CURVE.length;
const PEAK = Math.max(...CURVE) / MEAN;

/** When the next of `perDay` messages comes after `now`, by the curve of the day; ms since midnight. */
export function nextArrival(now: number, perDay: number, random: Random): number {
  let at = now;
  do at += random.exponential((24 * HOUR) / (perDay * PEAK));
  while (random.next() * PEAK * MEAN > (CURVE[Math.floor(at / HOUR) % 24] ?? 0));
  return at;
}
