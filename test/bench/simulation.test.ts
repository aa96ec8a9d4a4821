import { describe, expect, it } from 'vitest';
import { Agenda } from '../../bench/simulation/agenda.ts';
import { FifoQueue } from '../../bench/simulation/fifo-queue.ts';
import { Histogram } from '../../bench/simulation/histogram.ts';
import { Random } from '../../bench/simulation/random.ts';
import { createSenders, type Message, type Sender } from '../../bench/simulation/senders.ts';
import { simulate } from '../../bench/simulation/simulate.ts';

const HOUR = 3_600_000;
const sender = createSenders({ senders: 1 }, new Random(1))[0] as Sender;

function message(group?: string): Message {
  return {
    sender,
    kind: 'small',
    campaign: undefined,
    acceptedAt: 0,
    turn: 0,
    dueAt: undefined,
    released: false,
    attempt: 0,
    receives: 0,
    group,
    place: 0,
    behind: undefined,
  };
}

function filled(count: number): { queue: FifoQueue; messages: Message[] } {
  const queue = new FifoQueue();
  const messages = Array.from({ length: count }, () => message());
  for (const each of messages) queue.push(each);
  return { queue, messages };
}

describe('the simulated agenda', () => {
  it('does what is planned in the order of time, and of planning where the time is the same', async () => {
    const agenda = new Agenda();
    const done: string[] = [];
    const note = (name: string) => done.push(`${name} at ${agenda.now}`);
    for (const [at, name] of [
      [200_000, 'far'],
      [5, 'near'],
      [200_000, 'far, later planned'],
      [4.2, 'near, later planned'],
    ] as const) {
      agenda.plan(at, note, name);
    }
    await agenda.run(300_000);
    expect(done).toEqual(['near at 5', 'near, later planned at 5', 'far at 200000', 'far, later planned at 200000']);
  });

  it('stands still while work goes on, and not while it sleeps', async () => {
    const agenda = new Agenda();
    const seen: number[] = [];
    const work = async () => {
      seen.push(agenda.now);
      await agenda.sleep(70_000);
      await Promise.resolve();
      seen.push(agenda.now);
    };
    agenda.plan(10, () => agenda.begin(work()), undefined);
    await agenda.run(100_000);
    expect(seen).toEqual([10, 70_010]);
  });

  it('ends with what work has thrown', async () => {
    const agenda = new Agenda();
    agenda.begin(Promise.reject(new Error('lost')));
    agenda.plan(1, () => undefined, undefined);
    await expect(agenda.run(10)).rejects.toThrow('lost');
  });
});

describe('the simulated FIFO queue', () => {
  it('hands out ten at a time, the first ones first', () => {
    const { queue, messages } = filled(12);
    expect([queue.receive(), queue.receive(), queue.receive()]).toEqual([
      messages.slice(0, 10),
      messages.slice(10),
      [],
    ]);
  });

  it('hands out one message of a group at a time', () => {
    const queue = new FifoQueue();
    const [first, second] = [message('a'), message('a')];
    expect([queue.push(first), queue.push(second)]).toEqual([true, false]);
    expect(queue.receive()).toEqual([first]);
    queue.reappear(first);
    expect(queue.receive()).toEqual([first]);
    queue.delete(first);
    expect(queue.receive()).toEqual([second]);
  });

  it('looks at its first 120,000 messages only, and at as many more as leave', () => {
    const { queue, messages } = filled(120_001);
    for (let batch = 0; batch < 11_999; batch += 1) queue.receive();
    const last = queue.receive();
    expect(last.at(-1)).toBe(messages[119_999]);
    queue.reappear(messages[119_999] as Message);
    queue.delete(messages[0] as Message);
    expect(queue.receive()).toEqual([messages[119_999], messages[120_000]]);
    expect(queue.inFlight).toBe(120_000);
  });
});

describe('the simulation', () => {
  it('measures percentiles to two percent', () => {
    const histogram = new Histogram();
    for (let value = 1; value <= 1_000; value += 1) histogram.add(value);
    for (const [share, exact] of [
      [0.5, 500],
      [0.99, 990],
      [1, 1_000],
    ] as const) {
      expect(histogram.percentile(share) / exact).toBeCloseTo(1, 1);
    }
  });

  it('gives the same figures each time: all sent, in their rate, no receive wasted', async () => {
    const play = () =>
      simulate({
        senders: 20,
        from: 10 * HOUR,
        to: 10.1 * HOUR,
        maxConcurrency: 100,
        rush: { senders: 1, start: 10 * HOUR + 1_000, minutes: 3, rates: [{ perSecond: 20, burst: 60 }] },
      });
    const [one, other] = [await play(), await play()];
    expect(other.meter.calls).toEqual(one.meter.calls);
    expect({ unsent: one.unsent, tooFast: one.meter.tooFast }).toEqual({ unsent: 0, tooFast: 0 });
    expect(one.utilisations[0]).toBeGreaterThan(0.98);
    expect(one.meter.receives.mean).toBeLessThan(3);
  });
});
