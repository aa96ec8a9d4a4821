import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { BACKLOG_MS } from '../../lambdas/domain/backlog.ts';
import { newSid, sidTime } from '../../lambdas/domain/sid.ts';
import { cutOffAfter, startSweeping } from './sweeping.ts';

const gateway = await startSweeping();
const { state } = gateway;
afterAll(() => gateway.aws.stop());
beforeEach(() => gateway.reset());

const MINUTE = 60_000;
const sidOf = ({ sid }: { sid: string }) => sid;
const statusOf = async (message: Parameters<typeof gateway.read>[0]) => (await gateway.read(message))?.status;

/** Accepted, and cut off before the queue. */
async function accept(overrides: Parameters<typeof gateway.store>[0] = {}) {
  const sid = overrides?.sid ?? newSid('SM', state.now);
  await gateway.stores().activity.note(state.accountSid, sidTime(sid), state.now);
  return gateway.store({ sid, ...overrides });
}

describe('a message that was stored and never queued', () => {
  it('is queued by the next sweep, up to this very moment', async () => {
    const sender = await gateway.addSender();
    const early = await accept({ senderSid: sender.sid });
    state.now += MINUTE;
    const late = await accept({ senderSid: sender.sid });
    expect(await gateway.sweep()).toMatchObject({ resent: 2 });
    expect(await gateway.deliver()).toEqual([early.sid, late.sid]);
  });

  it.each([
    ['0 s after', 0],
    ['59 s after', 59_000],
  ])('is found within a minute, when it was accepted %s a sweep', async (_, after) => {
    await gateway.sweep();
    state.now += after;
    const { sid } = await accept();
    state.now += MINUTE - after;
    await gateway.sweep();
    expect(state.queued.map(({ task }) => task.messageSid)).toEqual([sid]);
  });

  it('is found when its SID is older than the last sweep, because storing it took its time', async () => {
    const sid = newSid('SM', state.now);
    state.now += 15_000;
    await gateway.sweep();
    await accept({ sid });
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ resent: 1 });
  });

  it('is found when an earlier request was promised its SID, hours ago', async () => {
    const sid = newSid('SM', state.now);
    state.now += 2 * 60 * MINUTE;
    await gateway.stores().activity.setSweptUntil(state.now);
    await accept({ sid });
    expect(await gateway.sweep()).toMatchObject({ resent: 1 });
  });

  it('is found after an outage of the sweep', async () => {
    const lost = [await accept()];
    for (let time = 0; time < 3; time += 1) {
      state.now += 8 * MINUTE;
      lost.push(await accept());
    }
    await gateway.sweep();
    expect(state.queued.map(({ task }) => task.messageSid)).toEqual(lost.map(sidOf));
  });

  it('is looked for piece by piece when there is little time', async () => {
    await accept();
    state.now += 25 * MINUTE;
    const last = await accept();
    let left = 12_000;
    const hurry = () => {
      left -= 5_000;
      return left;
    };
    await gateway.sweep(gateway.newFunction(), hurry);
    expect(state.queued.map(({ task }) => task.messageSid)).not.toContain(last.sid);
    await gateway.sweep();
    expect(state.queued.map(({ task }) => task.messageSid)).toContain(last.sid);
  });

  it('keeps its place among others to the same contact, and is a reply if it was one', async () => {
    const conversation = { senderSid: newSid('XE', state.now), to: '15552220001' };
    const sids: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      state.now += 1;
      sids.push((await accept({ ...conversation, windowUntil: state.now + MINUTE })).sid);
    }
    await gateway.sweep();
    expect(state.queued.map(({ task }) => task.messageSid)).toEqual(sids);
    expect(new Set(state.queued.map(({ group }) => group)).size).toBe(1);
    expect(state.queued.every(({ task }) => task.reply === true && task.validUntil !== undefined)).toBe(true);
  });

  it.each([
    ['being sent', { status: 'sending', attempt: 1 }],
    ['waiting for another attempt', { status: 'queued', attempt: 1 }],
    ['in its backlog', { status: 'queued', backlogged: true }],
    ['scheduled', { status: 'scheduled' }],
    ['canceled', { status: 'canceled' }],
    ["a contact's", { status: 'received', direction: 'inbound' }],
  ] as const)('is no message that is %s', async (_, overrides) => {
    await accept(overrides);
    expect(await gateway.sweep()).toMatchObject({ resent: 0 });
    expect(state.queued).toEqual([]);
  });

  it('is queued once, though several sweeps find it; and sent once, though the queue has forgotten', async () => {
    const sender = await gateway.addSender();
    const { sid } = await accept({ senderSid: sender.sid });
    await gateway.sweep();
    await gateway.sweep();
    expect(state.queued).toHaveLength(1);
    await gateway.stores().activity.setSweptUntil(state.now);
    state.now += 6 * MINUTE;
    await gateway.stores().activity.setSweptUntil(sidTime(sid));
    await gateway.sweep();
    expect(await gateway.deliver()).toEqual([sid]);
  });

  it('is looked for again when the queue did not take it', async () => {
    const { sid } = await accept();
    const broken = gateway.newFunction();
    const { enqueue } = broken;
    broken.enqueue = async () => {
      throw new Error('no queue');
    };
    await expect(gateway.sweep(broken)).rejects.toThrow('resend what was never queued');
    state.now += 10 * MINUTE;
    await gateway.sweep({ ...broken, enqueue });
    expect(state.queued.map(({ task }) => task.messageSid)).toEqual([sid]);
  });

  it('costs one marker for an account and a minute, however many messages', async () => {
    const own = gateway.stores().activity;
    const counts = await gateway.counting(() =>
      Promise.all(Array.from({ length: 500 }, (_, index) => own.note(state.accountSid, state.now + index))),
    );
    expect(counts).toEqual({ Put: 1 });
    expect(await gateway.counting(() => own.note(state.accountSid, state.now + MINUTE))).toEqual({ Put: 1 });
  });

  it('is marked although writing the marker failed before', async () => {
    const own = gateway.stores().activity;
    gateway.failNext();
    await expect(own.note(state.accountSid, state.now)).rejects.toThrow('throttled');
    await own.note(state.accountSid, state.now);
    expect(await own.at(state.now)).toEqual([{ accountSid: state.accountSid }]);
  });
});

describe('a scheduled message', () => {
  it('is sent when its time has come, and not before', async () => {
    const sender = await gateway.addSender();
    const message = await gateway.scheduleFor(state.now + 15 * MINUTE, { senderSid: sender.sid });
    state.now += 15 * MINUTE - 1;
    expect(await gateway.sweep()).toMatchObject({ sent: 0 });
    state.now += 1;
    expect(await gateway.sweep()).toMatchObject({ sent: 1, resent: 0 });
    expect(await gateway.events(message)).toEqual(['queued', 'queued']);
    expect((await gateway.read(message))?.timeline.at(-1)).toMatchObject({ by: 'sweep' });
    expect(await gateway.deliver()).toEqual([message.sid]);
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ sent: 0 });
    expect(await gateway.stores().schedule.due(message.sid.slice(-1), state.now, 10)).toEqual([]);
  });

  it('is sent in the order of time with others to the same contact, and of acceptance at the same time', async () => {
    const { sid: senderSid } = await gateway.addSender();
    const { channel } = gateway;
    channel.limits.rate = { perSecond: 10_000, burst: 10_000 };
    const start = state.now + 60 * MINUTE;
    const wanted: { at: number; sid: string }[] = [];
    for (let index = 0; index < 40; index += 1) {
      const at = start + Math.floor(index / 3) * 1_000 * (index % 2 === 0 ? 1 : 2);
      const sid = newSid(index % 5 === 0 ? 'MM' : 'SM', state.now + index);
      await gateway.scheduleFor(at, { senderSid, sid });
      wanted.push({ at, sid });
    }
    state.now = start + 60 * MINUTE;
    await gateway.stores().activity.setSweptUntil(state.now);
    expect(await gateway.sweep()).toMatchObject({ sent: 40 });
    const inOrder = wanted.sort(
      (left, right) => left.at - right.at || (left.sid.slice(2) < right.sid.slice(2) ? -1 : 1),
    );
    expect(state.queued.map(({ task }) => task.messageSid)).toEqual(inOrder.map(sidOf));
    channel.limits.rate = { perSecond: 1, burst: 1 };
  });

  it.each([
    ['canceled, and says so, because the request may have been cut off', 'canceled', 1],
    ['being sent', 'sending', 0],
    ['delivered', 'delivered', 0],
  ] as const)('is left alone when it is %s', async (_, status, callbacks) => {
    const message = await gateway.scheduleFor(state.now, { status, attempt: status === 'canceled' ? 0 : 1 });
    expect(await gateway.sweep()).toMatchObject({ sent: 0, failed: 0 });
    expect(await statusOf(message)).toBe(status);
    expect(state.announced).toHaveLength(callbacks);
    expect(await gateway.stores().schedule.due(message.sid.slice(-1), state.now, 10)).toEqual([]);
  });

  it('that was deleted, or never stored, leaves only its entry, which goes', async () => {
    const messageSid = newSid('SM', state.now);
    await gateway.stores().schedule.add({ kind: 'send', accountSid: state.accountSid, messageSid, at: state.now });
    expect(await gateway.sweep()).toMatchObject({ sent: 0, failed: 0 });
    expect(await gateway.stores().schedule.due(messageSid.slice(-1), state.now, 10)).toEqual([]);
  });

  it.each([
    ['gone', undefined],
    ['offline', 'OFFLINE'],
  ] as const)('fails with a callback when its sender is %s', async (_, status) => {
    const senderSid = status ? (await gateway.addSender({ status })).sid : newSid('XE', state.now);
    const message = await gateway.scheduleFor(state.now, { senderSid });
    expect(await gateway.sweep()).toMatchObject({ sent: 0, failed: 1 });
    expect(await gateway.read(message)).toMatchObject({ status: 'failed', errorCode: 63002 });
    expect(state.announced).toMatchObject([{ messageSid: message.sid, params: { MessageStatus: 'failed' } }]);
    expect(state.queued).toEqual([]);
  });

  it('goes to the backlog of a sender that has enough to send, and is released like any other', async () => {
    const sender = await gateway.addSender();
    const message = await gateway.scheduleFor(state.now + 15 * MINUTE, { senderSid: sender.sid });
    state.now += 15 * MINUTE;
    await gateway.stores().backlogs.admit(sender.sid, 120, { perSecond: 1, burst: 1 }, state.now, 'admitted');
    expect(await gateway.sweep()).toMatchObject({ sent: 1, released: 0 });
    expect(await gateway.read(message)).toMatchObject({ status: 'queued', backlogged: true });
    expect(state.queued).toEqual([]);
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ released: 1 });
    expect(await gateway.deliver()).toEqual([message.sid]);
  });

  it('is accepted already: four hours of messages before it do not refuse it', async () => {
    const sender = await gateway.addSender();
    await gateway
      .stores()
      .backlogs.admit(sender.sid, BACKLOG_MS / 1_000, { perSecond: 1, burst: 1 }, state.now, 'admitted');
    const message = await gateway.scheduleFor(state.now, { senderSid: sender.sid });
    expect(await gateway.sweep()).toMatchObject({ sent: 1 });
    expect(await statusOf(message)).toBe('queued');
  });

  it('holds up no other contact when it cannot be placed, and lets none to its own pass', async () => {
    const { sid: senderSid } = await gateway.addSender();
    const [stuck, free] = ['15552220001', '15552220002'];
    const first = await gateway.scheduleFor(state.now, { senderSid, to: stuck });
    state.now += 1;
    const second = await gateway.scheduleFor(state.now, { senderSid, to: stuck });
    const other = await gateway.scheduleFor(state.now, { senderSid, to: free });
    const broken = gateway.newFunction();
    const { contact } = broken.placing.windows;
    let failures = 1;
    broken.placing.windows.contact = async (sender, to) => {
      if (to === stuck && failures-- > 0) throw new Error('throttled');
      return contact.call(broken.placing.windows, sender, to);
    };
    // Of its own: the one above is an instance, whose method is found on its class.
    await expect(gateway.sweep(broken)).rejects.toThrow('do what is due');
    expect(await gateway.deliver()).toEqual([other.sid]);
    expect(await gateway.sweep()).toMatchObject({ sent: 2 });
    expect(await gateway.deliver()).toEqual([first.sid, second.sid]);
  });

  describe.each([
    ['to the queue', 0],
    ['to the backlog', 120],
    ['to a sender that is gone', -1],
  ])('%s', (_, ahead) => {
    it.each([
      ['a minute', MINUTE],
      ['so long that SQS has forgotten', 6 * MINUTE],
    ])('is sent once, or failed once, when a sweep is cut off anywhere and goes on after %s', async (__, pause) => {
      let cuts = 0;
      for (let count = 1; ; count += 1) {
        await gateway.reset();
        const senderSid = ahead < 0 ? newSid('XE', state.now) : (await gateway.addSender()).sid;
        const message = await gateway.scheduleFor(state.now, { senderSid });
        if (ahead > 0)
          await gateway.stores().backlogs.admit(senderSid, ahead, { perSecond: 1, burst: 1 }, state.now, 'admitted');
        const { cut, wasCut } = cutOffAfter(count, gateway.withoutResending());
        await gateway.sweep(cut).catch(() => {});
        if (!wasCut()) break;
        cuts += 1;
        state.now += pause;
        await gateway.sweep(gateway.withoutResending());
        for (let minute = 0; minute < 2; minute += 1) {
          state.now += MINUTE;
          await gateway.sweep(gateway.withoutResending());
        }
        const sent = await gateway.deliver();
        expect({ count, sent, status: await statusOf(message) }).toEqual({
          count,
          sent: ahead < 0 ? [] : [message.sid],
          status: ahead < 0 ? 'failed' : 'sending',
        });
        expect(await gateway.stores().schedule.due(message.sid.slice(-1), state.now, 10)).toEqual([]);
        if (ahead >= 0) expect(state.announced).toEqual([]);
        else expect(new Set(state.announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
      }
      expect(cuts).toBeGreaterThan(ahead > 0 ? 5 : 2);
    });
  });
});

describe('a message that waits in a backlog', () => {
  const backlogged = async (overrides: Parameters<typeof gateway.store>[0] = {}) => {
    const message = await gateway.store({
      backlogged: true,
      validUntil: new Date(state.now + MINUTE).toISOString(),
      ...overrides,
    });
    const entry = { accountSid: message.accountSid, messageSid: message.sid, at: state.now + MINUTE };
    await gateway.stores().schedule.add({ kind: 'expire', ...entry });
    return message;
  };

  it('fails when its validity ends, with a callback', async () => {
    const message = await backlogged();
    state.now += MINUTE - 1;
    expect(await gateway.sweep()).toMatchObject({ expired: 0 });
    state.now += 1;
    expect(await gateway.sweep()).toMatchObject({ expired: 1 });
    expect(await gateway.read(message)).toMatchObject({ status: 'failed', errorCode: 30036 });
    expect(state.announced).toMatchObject([{ messageSid: message.sid, params: { ErrorCode: '30036' } }]);
    expect(await gateway.sweep()).toMatchObject({ expired: 0 });
    expect(state.announced).toHaveLength(1);
  });

  it.each([
    ['is being sent', { status: 'sending', attempt: 1 }],
    ['waits for another attempt', { status: 'queued', attempt: 2 }],
    ['was delivered', { status: 'delivered', attempt: 1 }],
  ] as const)('does not when it %s', async (_, overrides) => {
    const message = await backlogged(overrides);
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ expired: 0 });
    expect(await statusOf(message)).toBe(overrides.status);
    expect(await gateway.stores().schedule.due(message.sid.slice(-1), state.now, 10)).toEqual([]);
  });

  it('fails once when the sweep is cut off anywhere, and its callback is queued', async () => {
    let cuts = 0;
    for (let count = 1; ; count += 1) {
      await gateway.reset();
      const message = await backlogged();
      state.now += MINUTE;
      const { cut, wasCut } = cutOffAfter(count, gateway.withoutResending());
      await gateway.sweep(cut).catch(() => {});
      if (!wasCut()) break;
      cuts += 1;
      await gateway.sweep(gateway.withoutResending());
      expect((await gateway.events(message)).filter((event) => event === 'failed')).toHaveLength(1);
      expect(new Set(state.announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
      expect(await gateway.stores().schedule.due(message.sid.slice(-1), state.now, 10)).toEqual([]);
    }
    expect(cuts).toBeGreaterThan(2);
  });

  /** As many as fit into the backlog of one sender, in the order in which they will be sent. */
  async function fill(senderSid: string, count: number) {
    await gateway.stores().backlogs.open({ accountSid: state.accountSid, senderSid }, state.now);
    const sids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { sid } = await gateway.store({
        senderSid,
        backlogged: true,
        to: `1555333${index}`,
        sid: newSid('SM', state.now + index),
      });
      sids.push(sid);
      const task = { accountSid: state.accountSid, senderSid, messageSid: sid };
      await gateway.stores().backlogs.add(sid.slice(2), { task, group: sid.slice(-8), ttl: 0 });
    }
    return sids;
  }

  it('is released for all senders that have a backlog, until none is left in the list', async () => {
    const [one, other] = [await gateway.addSender(), await gateway.addSender({ rate: { perSecond: 20, burst: 1 } })];
    const sids = [...(await fill(one.sid, 4)), ...(await fill(other.sid, 4))];
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ released: 8 });
    expect((await gateway.deliver()).sort()).toEqual([...sids].sort());
    state.now += MINUTE;
    expect(await gateway.sweep()).toMatchObject({ released: 0 });
    expect(await gateway.stores().backlogs.owners()).toEqual([]);
  });

  it('fails when its sender was deleted; what comes late fails too, and then the list is empty', async () => {
    const sender = await gateway.addSender();
    const sids = await fill(sender.sid, 120);
    await gateway.stores().senders.remove(sender);
    const own = gateway.newFunction();
    expect(await gateway.sweep(own)).toMatchObject({ released: 0, failed: 120 });
    expect(state.announced.map(({ messageSid, params }) => [messageSid, params['ErrorCode']]).sort()).toEqual(
      [...sids].sort().map((sid) => [sid, '63002']),
    );
    state.now += 20_000;
    await gateway.sweep(own);
    await fill(sender.sid, 1);
    expect(await gateway.sweep(own)).toMatchObject({ failed: 1 });
    expect(await gateway.stores().backlogs.owners()).toHaveLength(1);
    state.now += MINUTE;
    await gateway.sweep(own);
    expect(await gateway.stores().backlogs.owners()).toEqual([]);
  });

  it('holds up no other sender when it cannot be released', async () => {
    const [broken, well] = [await gateway.addSender(), await gateway.addSender()];
    await fill(broken.sid, 2);
    const sids = await fill(well.sid, 2);
    state.now += MINUTE;
    const dependencies = gateway.newFunction();
    const { releaser } = dependencies;
    dependencies.releaser = {
      release: async (owner, rate) => {
        if (owner.senderSid === broken.sid) throw new Error('throttled');
        return releaser.release(owner, rate);
      },
    };
    await expect(gateway.sweep(dependencies)).rejects.toThrow('release backlogs');
    expect(await gateway.deliver()).toEqual(sids);
  });
});

describe('the sweep', () => {
  it('does all other jobs when one fails, and fails at the end', async () => {
    const sender = await gateway.addSender();
    const scheduled = await gateway.scheduleFor(state.now, { senderSid: sender.sid });
    const unqueued = await accept({ senderSid: sender.sid, to: '15552220009' });
    const dependencies = gateway.newFunction();
    dependencies.backlogs = { owners: () => Promise.reject(new Error('throttled')) };
    await expect(gateway.sweep(dependencies)).rejects.toThrow(/^Could not be done: release backlogs\. /);
    expect((await gateway.deliver()).sort()).toEqual([scheduled.sid, unqueued.sid].sort());
  });

  it('leaves what it has no time for to the next one, oldest first', async () => {
    const { sid: senderSid } = await gateway.addSender({ rate: { perSecond: 1_000, burst: 1_000 } });
    const sids: string[] = [];
    for (let index = 0; index < 40; index += 1) {
      sids.push((await gateway.scheduleFor(state.now - 40 + index, { senderSid, to: `1555${index}` })).sid);
    }
    let left = 10_000 + 30;
    const hurry = () => {
      left -= 1;
      return left;
    };
    const first = await gateway.sweep(gateway.newFunction(), hurry);
    expect(first.sent).toBeGreaterThan(10);
    expect(first.sent).toBeLessThan(40);
    expect((await gateway.deliver()).sort()).toEqual(sids.slice(0, first.sent).sort());
    expect(await gateway.sweep()).toMatchObject({ sent: 40 - first.sent });
    expect((await gateway.deliver()).sort()).toEqual(sids.slice(first.sent).sort());
  });

  it('asks the table no more often for hundreds of scheduled messages than for none, and little for one that is due', async () => {
    const { sid: senderSid } = await gateway.addSender({ rate: { perSecond: 1_000, burst: 1_000 } });
    state.now += MINUTE;
    const idle = await gateway.counting(() => gateway.sweep());
    // Sixteen lists each: accepted accounts in each of two minutes, schedules, backlogs.
    expect(idle).toEqual({ Get: 1, Query: 64, Put: 1 });

    const DUE = 100;
    for (let index = 0; index < 500; index += 1) {
      const at = state.now + 24 * 60 * MINUTE + index;
      await gateway
        .stores()
        .schedule.add({ kind: 'send', accountSid: state.accountSid, messageSid: newSid('SM', state.now), at });
    }
    state.now += MINUTE;
    expect(await gateway.counting(() => gateway.sweep())).toEqual(idle);

    for (let index = 0; index < DUE; index += 1)
      await gateway.scheduleFor(state.now, { senderSid, to: `1555${index}` });
    state.now += MINUTE;
    const busy = await gateway.counting(() => gateway.sweep());
    expect(busy['Query']).toBe(idle['Query']);
    const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);
    const perMessage = (total(busy) - total(idle)) / DUE;
    // Read it, look at its contact, queue it, remove its entry; and now and then a portion of room.
    expect(perMessage, `${perMessage} calls for a message that is due: ${JSON.stringify(busy)}`).toBeLessThan(4.2);
  });
});
