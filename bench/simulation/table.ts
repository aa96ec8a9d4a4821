import { isTimeToRelease, RELEASE_LEASE_MS, SETTLED_MS } from '../../lambdas/domain/backlog.ts';
import { intervalOf, latestTat, type Rate, slotsAfter, toleranceOf } from '../../lambdas/domain/pacing.ts';
import type { Admitted, BacklogOwner, BacklogState, Waiting } from '../../lambdas/platform/stores/backlogs.ts';
import { HORIZON_MS, type Reservation } from '../../lambdas/platform/stores/pacing.ts';
import type { Agenda } from './agenda.ts';
import type { Meter } from './meter.ts';
import type { Latency } from './random.ts';
import type { Second, Sender } from './senders.ts';

/** What the models of functions share. */
export interface World {
  agenda: Agenda;
  meter: Meter;
  tableLatency: Latency;
  senders: ReadonlyMap<string, Sender>;
  /** The senders in the list of backlogs. */
  owners: Set<Sender>;
  /** Writes to that list, by the last digit of the sender. */
  listWrites: readonly Second[];
}

/** As in `lambdas/platform/stores/backlogs.ts`: how often one function says that a backlog is still growing, in ms. */
const REFRESH_MS = 1_000;

/** Keys of entries as the stores have them: text that sorts. */
const toText = (key: number) => String(key).padStart(32, '0');

/**
 * The item of a sender's pace and its backlog, as `lambdas/platform/stores/pacing.ts` and `backlogs.ts` change them: the same conditions, the same
 * writes, failed ones included. One for each environment of a function, since it remembers what that environment saw.
 */
export class PaceTable {
  readonly #world: World;
  readonly #seenTat = new Map<string, number>();
  readonly #seenAdmitted = new Map<string, number>();
  readonly #opened = new Map<string, { openedAt: number; saidAt: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  async reserve(
    senderSid: string,
    count: number,
    rate: Rate,
    now: number,
    horizonMs: number = HORIZON_MS.campaign,
    released = 0,
  ): Promise<Reservation> {
    const sender = this.#sender(senderSid);
    const { pace } = sender;
    const cost = count * intervalOf(rate);
    const write = (tat: number) => {
      pace.tat = tat;
      pace.queued -= released;
      return true;
    };
    const startFresh = () => pace.tat <= now && write(now + cost);
    const queueUp = () =>
      pace.tat > now && pace.tat <= latestTat(count, rate, now, horizonMs) && write(pace.tat + cost);
    const isBusy = (this.#seenTat.get(senderSid) ?? 0) > now;
    for (const attempt of isBusy ? [queueUp, startFresh] : [startFresh, queueUp]) {
      await this.#call();
      this.#write(sender);
      if (attempt()) {
        this.#seenTat.set(senderSid, pace.tat);
        return { slots: slotsAfter(pace.tat - cost, count, rate, now), ...backlogOf(sender, now) };
      }
    }
    await this.#call();
    this.#world.meter.reads.add(this.#world.agenda.now);
    this.#seenTat.set(senderSid, pace.tat);
    return { waitMs: Math.max(50, pace.tat - toleranceOf(rate) - now), ...backlogOf(sender, now) };
  }

  async admit(
    senderSid: string,
    count: number,
    rate: Rate,
    now: number,
    clock: 'admitted' | 'replied',
    limitMs: number,
  ): Promise<Admitted | undefined> {
    const sender = this.#sender(senderSid);
    const { pace } = sender;
    const cost = count * intervalOf(rate);
    const write = (until: number) => {
      pace[clock] = until;
      return true;
    };
    const busy = () => pace[clock] > now && pace[clock] <= now + limitMs - cost && write(pace[clock] + cost);
    const idle = () => pace[clock] <= now && write(now + cost);
    const key = `${clock}/${senderSid}`;
    const isBusy = (this.#seenAdmitted.get(key) ?? 0) > now;
    for (const attempt of isBusy ? [busy, idle] : [idle, busy]) {
      await this.#call();
      this.#write(sender);
      if (attempt()) {
        const after = pace[clock];
        this.#seenAdmitted.set(key, after);
        return { before: after - cost, after, cursor: pace.cursor, heldUntil: 0 };
      }
    }
    return undefined;
  }

  async open(sender: Sender, now: number): Promise<void> {
    const { pace } = sender;
    const known = this.#opened.get(sender.sid);
    if (known && known.saidAt > now - REFRESH_MS) return;
    const grow = () => pace.backlogAt !== undefined && pace.grow(now);
    const begin = () => pace.backlogAt === undefined && pace.begin(now);
    for (const attempt of known ? [grow, begin] : [begin, grow]) {
      await this.#call();
      this.#write(sender);
      if (attempt()) break;
    }
    const { openedAt } = pace;
    if (openedAt !== known?.openedAt) await this.#list(sender);
    this.#opened.set(sender.sid, { openedAt, saidAt: now });
  }

  async lease(senderSid: string, now: number): Promise<BacklogState | undefined> {
    const sender = this.#sender(senderSid);
    const { pace } = sender;
    await this.#call();
    this.#write(sender);
    if (pace.backlogAt === undefined || pace.releaseLease > now) return undefined;
    pace.releaseLease = now + RELEASE_LEASE_MS;
    const { tat, queued, fullUntil, releasedAt, openedAt, backlogAt, cursor } = pace;
    return { tat, queued, fullUntil, releasedAt, openedAt, backlogAt, cursor, heldUntil: 0 };
  }

  async waiting(senderSid: string, cursor: string, limit: number, now: number): Promise<Waiting[]> {
    const { sid, account, pace } = this.#sender(senderSid);
    await this.#call();
    const entries: Waiting[] = [];
    for (let key = Number(cursor) + 1; entries.length < limit; key += 1) {
      const entry = pace.backlog.get(key);
      if (!entry || entry.acceptedAt > now - SETTLED_MS) break;
      const order = toText(key);
      const task = { accountSid: account.sid, senderSid: sid, messageSid: `SM${order}` };
      entries.push({ task, order, group: order, ttl: 0 });
    }
    // Entries of some 300 bytes; a unit reads 4 KiB.
    this.#world.meter.reads.add(this.#world.agenda.now, Math.max(1, Math.ceil((entries.length * 0.3) / 4)));
    return entries;
  }

  async advance(
    senderSid: string,
    from: BacklogState,
    to: { cursor: string; count: number },
    now: number,
  ): Promise<void> {
    const sender = this.#sender(senderSid);
    const { pace } = sender;
    await this.#call();
    this.#write(sender);
    if (pace.cursor !== from.cursor) return;
    pace.cursor = to.cursor;
    pace.queued += to.count - Math.min(0, from.queued);
    pace.releasedAt = now;
    pace.releaseLease = 0;
    pace.backlog.forgetBefore(Number(to.cursor));
  }

  async giveBack(senderSid: string): Promise<void> {
    const sender = this.#sender(senderSid);
    await this.#call();
    this.#write(sender);
    sender.pace.releaseLease = 0;
  }

  async close({ senderSid }: BacklogOwner, state: BacklogState, now: number): Promise<boolean> {
    const sender = this.#sender(senderSid);
    const { pace } = sender;
    const isQuiet = state.backlogAt <= now - 2 * SETTLED_MS;
    if (isQuiet) {
      await this.#call();
      this.#world.meter.reads.add(this.#world.agenda.now);
    }
    if (!isQuiet || pace.backlog.get(Number(state.cursor) + 1)) {
      await this.giveBack(senderSid);
      return false;
    }
    await this.#call();
    this.#writeList(sender);
    this.#world.owners.delete(sender);
    await this.#call();
    this.#write(sender);
    if (pace.backlogAt !== state.backlogAt) {
      await this.#list(sender);
      return false;
    }
    pace.backlogAt = undefined;
    pace.releaseLease = 0;
    return true;
  }

  /** As `BacklogStore.postpone`. */
  postpone(sender: Sender): void {
    this.#write(sender);
    if (sender.pace.backlogAt !== undefined) sender.pace.queued += 1;
  }

  async #list(sender: Sender): Promise<void> {
    await this.#call();
    this.#writeList(sender);
    this.#world.owners.add(sender);
  }

  #writeList({ digit }: Sender): void {
    const { agenda, meter, listWrites } = this.#world;
    meter.write(agenda.now, 'BACKLOGS#<digit>', listWrites[digit]);
  }

  #write({ paceWrites }: Sender): void {
    const { agenda, meter } = this.#world;
    meter.write(agenda.now, 'PACE#<sender>', paceWrites);
  }

  #call(): Promise<void> {
    return this.#world.agenda.sleep(this.#world.tableLatency.draw());
  }

  #sender(sid: string): Sender {
    const sender = this.#world.senders.get(sid);
    if (!sender) throw new Error(`There is no sender ${sid} in the simulation.`);
    return sender;
  }
}

function backlogOf({ pace, rate }: Sender, now: number): { hasBacklog: boolean; wantsRelease: boolean } {
  const hasBacklog = pace.backlogAt !== undefined;
  return { hasBacklog, wantsRelease: hasBacklog && isTimeToRelease(pace, rate, now) };
}
