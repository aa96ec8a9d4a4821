import { beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import { ProviderGate } from '../../lambdas/outbound/provider-gate.ts';
import { accepted, events, failed, START, startDelivery } from './support.ts';

const { Circuits } = await import('../../lambdas/platform/circuits.ts');
const { CircuitStore } = await import('../../lambdas/platform/stores/circuits.ts');
const delivery = startDelivery();
const table = process.env['TABLE_NAME'] ?? '';
const down = { status: 503, ...failed({ class: 'retry' }) };
const host = () => new URL(delivery.provider.url).host;
const requests = () => delivery.provider.requests.length;

/** What one function knows of hosts. */
const newGate = () => new ProviderGate(new Circuits(new CircuitStore(table), () => delivery.now));
const by = (message: Message, gate: ProviderGate) => delivery.deliver(message, delivery.channel(), { gate });

/** Opens the circuit of the provider, as seen by this gate. @returns when it may be tried again */
async function open(gate: ProviderGate): Promise<void> {
  delivery.provider.script(down);
  for (let failures = 0; failures < 10; failures += 1) await by(await delivery.queue({ to: String(failures) }), gate);
  delivery.provider.requests.length = 0;
}

beforeEach(async () => {
  // Tests share a provider, and so its circuit.
  const circuits = new Circuits(new CircuitStore(table), () => delivery.now + 3_600_000);
  if ((await circuits.waitFor(`provider/${host()}`)) === 0) await circuits.report(`provider/${host()}`, 'reached');
});

describe('a provider that is down', () => {
  it('is asked little meanwhile, and gets all messages afterwards, those of a contact in order', async () => {
    const contacts = Array.from({ length: 15 }, (_, index) => `1555${index}`);
    const lanes = await Promise.all(
      contacts.map(async (to) => {
        const messages: Message[] = [];
        for (let index = 0; index < 3; index += 1) messages.push(await delivery.queue({ to, body: `${to}/${index}` }));
        return { messages, visibleAt: START };
      }),
    );
    const functions = [newGate(), newGate(), newGate()];
    const backAt = START + 120_000;
    let whileDown = 0;
    for (let turn = 0; lanes.some(({ messages }) => messages.length > 0); turn += 1) {
      const lane = lanes
        .filter(({ messages }) => messages.length > 0)
        .reduce((first, next) => (next.visibleAt < first.visibleAt ? next : first));
      delivery.now = Math.max(delivery.now, lane.visibleAt);
      if (delivery.now < backAt) whileDown = requests();
      delivery.provider.script(delivery.now < backAt ? down : accepted());
      const [message] = lane.messages;
      const gate = functions[turn % functions.length];
      if (!message || !gate) throw new Error('there is nothing to deliver');
      const handled = await by(message, gate);
      if (handled.done) lane.messages.shift();
      else lane.visibleAt = delivery.now + Math.ceil(handled.retryIn) * 1_000;
    }

    // Ten failures in a row in each function, and a probe now and then.
    expect(whileDown).toBeLessThan(3 * 10 + 10);
    expect(delivery.now).toBeLessThan(backAt + 120_000);
    const sent = delivery.provider.requests.slice(whileDown).map(({ body }) => body);
    for (const to of contacts) {
      const ofContact = sent.filter((body) => body.startsWith(`${to}/`));
      expect(ofContact.slice(-3)).toEqual([0, 1, 2].map((index) => `${to}/${index}`));
    }
    expect(delivery.statuses()).toEqual(Array<string>(45).fill('sent'));
  });

  it('is tried by one of all functions when its time is over', async () => {
    const gates = [newGate(), newGate(), newGate()];
    for (const gate of gates) await open(gate);
    delivery.now += 60_000;
    const messages = await Promise.all(
      Array.from({ length: 12 }, (_, index) => delivery.queue({ to: `probe-${index}` })),
    );
    const handled = await Promise.all(messages.map((message, index) => by(message, gates[index % 3] ?? newGate())));
    expect(requests()).toBe(1);
    expect(handled.filter(({ done }) => done)).toEqual([]);

    delivery.provider.script(accepted());
    delivery.now += 120_000;
    const [first, second] = await Promise.all([delivery.queue({ to: 'a' }), delivery.queue({ to: 'b' })]);
    for (const gate of gates.slice(0, 1)) {
      expect(await by(first, gate)).toEqual({ done: true });
      expect(await by(second, gate)).toEqual({ done: true });
    }
  });

  it('costs a message that waits neither an attempt nor a write', async () => {
    const gate = newGate();
    await open(gate);
    const message = await delivery.queue();
    const handled = await by(message, gate);
    expect(handled).toMatchObject({ done: false });
    if (!handled.done) expect(handled.retryIn).toBeGreaterThan(3);
    expect([await delivery.stored(message), requests()]).toEqual([message, 0]);
  });

  it('costs none where the function learns the host only then', async () => {
    await open(newGate());
    const gate = newGate();
    const message = await delivery.queue();
    expect(await by(message, gate)).toMatchObject({ done: false });
    const after = await delivery.stored(message);
    expect([after.status, after.attempt, events(after), requests()]).toEqual([
      'queued',
      0,
      ['queued', 'sending', 'waiting'],
      0,
    ]);
    await by(message, gate);
    expect(events(await delivery.stored(message))).toHaveLength(3);
  });

  it('keeps nothing from failing that has become too old', async () => {
    const gate = newGate();
    await open(gate);
    const message = await delivery.queue({ validUntil: new Date(START).toISOString() });
    expect(await by(message, gate)).toEqual({ done: true });
    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 30036 });
    expect([requests(), delivery.buried.length]).toEqual([0, 1]);
  });

  it('wakes a message at the end of its validity, not after it', async () => {
    const gate = newGate();
    await open(gate);
    const message = await delivery.queue({ validUntil: new Date(START + 2_000).toISOString() });
    expect(await by(message, gate)).toEqual({ done: false, retryIn: 2 });
  });

  it('has the backlog of its senders held, once', async () => {
    const gate = newGate();
    await open(gate);
    const held: number[] = [];
    const backlogs = {
      hold: async (_: string, until: number) => {
        held.push(until);
      },
    };
    for (let times = 0; times < 3; times += 1) {
      await delivery.deliver(await delivery.queue({ to: `held-${times}` }), delivery.channel(), { gate, backlogs });
      delivery.now += 10;
    }
    expect(held).toHaveLength(1);
    expect(gate.downFor(delivery.sender.sid, START)).toBeGreaterThan(3_000);
    expect(gate.downFor('another', START)).toBe(0);
  });
});

describe('what is told of a provider', () => {
  const told: string[] = [];
  const gate = () =>
    new ProviderGate({ waitFor: async () => 0, report: async (key, outcome) => void told.push(`${outcome} ${key}`) });
  beforeEach(() => {
    told.length = 0;
  });

  it.each([
    ['accepts', accepted(), 'reached'],
    ['refuses', { status: 400, ...failed({ class: 'permanent' }) }, 'reached'],
    ['is told to wait', { status: 429, ...failed({ class: 'rate-limited', retryAfter: 1 }) }, 'reached'],
    ['has an error of its own', { status: 500, ...failed({}) }, 'unreached'],
    ['says nothing', 'hang up' as const, 'unreached'],
  ])('when it %s', async (_label, script, outcome) => {
    delivery.provider.script(script);
    await delivery.deliver(await delivery.queue(), delivery.channel(), { gate: gate() });
    expect(told).toEqual([`${outcome} provider/${host()}`]);
  });

  it('comes from logins and from requests before the message too, and not from customers’ hosts', async () => {
    const { url } = delivery.provider;
    const step = (name: string, kind: 'download' | 'request') => ({
      name,
      kind,
      request: () => ({
        method: 'GET' as const,
        url: kind === 'download' ? `${url}/file` : `${url}/upload`,
        headers: {},
      }),
      read: async () => ({ outcome: 'done' as const, value: '' }),
      placeholder: '',
    });
    const channel = delivery.channel({
      login: {
        renewBefore: 60,
        request: async () => ({ method: 'POST', url: `${url}/login`, headers: {} }),
        session: async () => ({ token: 't', expiresAt: new Date(START + 86_400_000).toISOString() }),
      },
      plan: async () => [
        {
          steps: [step('file', 'download'), step('upload', 'request')],
          request: () => ({ method: 'POST', url: `${url}/send`, headers: {} }),
        },
      ],
    });
    await delivery.deliver(await delivery.queue(), channel, { gate: gate() });
    expect(delivery.provider.requests.map(({ path }) => path)).toEqual(['/login', '/file', '/upload', '/send']);
    expect(told).toEqual(Array<string>(3).fill(`reached provider/${host()}`));
  });
});
