import { Acceptance } from './acceptance.ts';
import { Agenda } from './agenda.ts';
import { LATENCY } from './aws.ts';
import { Delivery, utilisationOf } from './delivery.ts';
import { FifoQueue } from './fifo-queue.ts';
import { cloudShare } from './load.ts';
import { Meter } from './meter.ts';
import { Latency, Random } from './random.ts';
import { type Campaign, createSenders, nextArrival, type Sender, type TrafficShape } from './senders.ts';
import type { World } from './table.ts';

export interface Scenario extends TrafficShape {
  /** What is simulated, ms since midnight. */
  from: number;
  to: number;
  /** Deliver functions at once, as the event source mapping allows them. */
  maxConcurrency: number;
}

export interface Result {
  scenario: Scenario;
  meter: Meter;
  /** By campaign that took at least a minute and is over: rate used ÷ rate allowed. */
  utilisations: number[];
  /** Share of the messages that went by a channel whose statuses bring our SID back. */
  cloudShare: number;
  campaigns: number;
  /** Messages that were accepted and not sent when the time was over. */
  unsent: number;
}

/** One of so many who get a campaign's message answers it. */
const ONE_ANSWER_IN = 50;
/** Contacts that a sender with support chats talks to at the same time. */
const CONVERSATIONS = 20;

/** Plays a day, or a part of it. The same scenario gives the same result. */
export async function simulate(scenario: Scenario, signal?: AbortSignal): Promise<Result> {
  const random = new Random(scenario.senders);
  const senders = createSenders(scenario, random);
  const agenda = new Agenda();
  const meter = new Meter(scenario.to / 1_000);
  const world: World = {
    agenda,
    meter,
    tableLatency: new Latency(random, LATENCY.table),
    senders: new Map(senders.map((sender) => [sender.sid, sender])),
    owners: new Set(),
    listWrites: Array.from({ length: 16 }, () => ({ second: 0, writes: 0 })),
  };
  const delivery = new Delivery(world, new FifoQueue(), random, scenario.maxConcurrency);
  const acceptance = new Acceptance(world, random, new Latency(random, LATENCY.queue), delivery.enqueued);
  await new Traffic(agenda, acceptance, random, scenario).play(senders, signal);
  const sent = meter.sends.total;
  return {
    scenario,
    meter,
    utilisations: senders
      .flatMap(({ campaigns }) => campaigns)
      .filter(({ start, idealEnd, end }) => end > 0 && idealEnd - start >= 60_000)
      .map(utilisationOf),
    cloudShare: cloudShare(senders),
    campaigns: senders.reduce((sum, { campaigns }) => sum + campaigns.length, 0),
    unsent: meter.posts.total - meter.refused - sent,
  };
}

/** Posts what customers post. */
class Traffic {
  readonly #agenda: Agenda;
  readonly #acceptance: Acceptance;
  readonly #random: Random;
  readonly #scenario: Scenario;

  constructor(agenda: Agenda, acceptance: Acceptance, random: Random, scenario: Scenario) {
    this.#agenda = agenda;
    this.#acceptance = acceptance;
    this.#random = random;
    this.#scenario = scenario;
  }

  play(senders: readonly Sender[], signal?: AbortSignal): Promise<void> {
    for (const sender of senders) {
      this.#planOrdinary(sender);
      if (sender.chatsPerDay > 0) this.#planChat(sender);
      for (const campaign of sender.campaigns) this.#agenda.plan(campaign.start, this.#begin, campaign);
    }
    return this.#agenda.run(this.#scenario.to, signal);
  }

  #planOrdinary(sender: Sender): void {
    const now = Math.max(this.#agenda.now, this.#scenario.from);
    this.#agenda.plan(nextArrival(now, sender.perDay, this.#random), this.#ordinary, sender);
  }

  readonly #ordinary = (sender: Sender): void => {
    this.#planOrdinary(sender);
    this.#agenda.begin(this.#acceptance.post({ sender, kind: this.#isBusy(sender) ? 'behind' : 'small' }));
  };

  #planChat(sender: Sender): void {
    const now = Math.max(this.#agenda.now, this.#scenario.from);
    this.#agenda.plan(nextArrival(now, sender.chatsPerDay, this.#random), this.#chat, sender);
  }

  /** A contact writes: a machine or a person answers, three times of ten in two messages. */
  readonly #chat = (sender: Sender): void => {
    this.#planChat(sender);
    const at = this.#agenda.now + this.#random.logUniform(500, 60_000);
    const answer = { sender, group: `${sender.sid}/${this.#random.integer(CONVERSATIONS)}` };
    this.#agenda.plan(at, this.#reply, answer);
    if (this.#random.next() < 0.3) this.#agenda.plan(at + this.#random.between(50, 2_000), this.#reply, answer);
  };

  readonly #reply = ({ sender, group }: { sender: Sender; group: string }): void => {
    const kind = this.#isBusy(sender) ? 'rival' : 'reply';
    this.#agenda.begin(this.#acceptance.post({ sender, kind, group }));
  };

  #isBusy({ running }: Sender): boolean {
    return running !== undefined && this.#agenda.now < Math.max(running.idealEnd, running.end);
  }

  readonly #begin = (campaign: Campaign): void => {
    campaign.sender.running = campaign;
    this.#post(campaign);
  };

  readonly #post = (campaign: Campaign): void => {
    const { sender, count, postRate, start } = campaign;
    const order = campaign.posted;
    campaign.posted += 1;
    this.#agenda.begin(this.#acceptance.post({ sender, kind: 'campaign', campaign }));
    if (order % ONE_ANSWER_IN === 0) {
      const arrives = start + (order / sender.rate.perSecond) * 1_000 + this.#random.exponential(300_000);
      const answer = { sender, group: `${sender.sid}/${order}` };
      this.#agenda.plan(arrives + this.#random.logUniform(500, 60_000), this.#reply, answer);
    }
    const gap = (1_000 / postRate) * this.#random.between(0.5, 1.5);
    if (campaign.posted < count) this.#agenda.plan(this.#agenda.now + gap, this.#post, campaign);
  };
}
