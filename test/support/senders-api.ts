import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, expect, vi } from 'vitest';
import { ServiceError } from '../../local/protocol/service-error.ts';
import { call } from './api.ts';
import { startAws } from './aws.ts';
import { bundleChannels } from './channels.ts';
import { type StepEvent, type Steps, startNumberMachines } from './numbers.ts';

/*
 * The Senders API of numbers that the gateway registers itself. What the state machines do is played here, in a few lines a
 * step; what the real steps do is tested beside them, and all of it together in the journeys.
 */

export const SENDERS = '/v2/Channels/Senders';
export const ACCESS_TOKEN = 'a-very-secret-token';
export const done = { outcome: 'done' };

/** Starts all that it takes, for one test file, and stops it when that is over. Each test has a number and steps of its own. */
export async function startSendersApi() {
  const steps: Steps = {};
  const aws = await startAws();
  const channels = bundleChannels();
  const numbers = await startNumberMachines(steps);
  const { handler } = await import('../../lambdas/senders/senders.lambda.ts');
  const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
  const { RegistrationStore } = await import('../../lambdas/platform/stores/registrations.ts');
  const registrations = new RegistrationStore('switchboard');
  const senders = () => new SenderStore('switchboard');

  const change = (event: StepEvent, changes: object) =>
    senders().change({ accountSid: event.accountSid, sid: event.senderSid }, changes);
  const record = (event: StepEvent, changes: object) => registrations.update(event.senderSid, changes);

  const state = {
    number: 15550003000,
    /** How a code is judged: `accepted`, or anything else. */
    judge: 'accepted',
    /** What the state that waits for a code was answered, in turn. */
    answers: [] as unknown[],
    wanted: Promise.withResolvers<void>(),
  };
  const played: Steps = {
    ReserveSender: async () => done,
    async WaitForCode(event) {
      const now = new Date().toISOString();
      const { taskToken } = event;
      const before = (await registrations.get(event.senderSid))?.code;
      const code = { requestedAt: now, method: 'sms', wrong: 0, resends: 0, ...before, taskToken };
      await record(event, { step: 'WaitForCode', stepStartedAt: now, code });
      await change(event, { status: 'PENDING_VERIFICATION' });
      state.wanted.resolve();
      return done;
    },
    async VerifyCode(event) {
      state.wanted = Promise.withResolvers<void>();
      state.answers.push(event.answer);
      return { outcome: state.judge };
    },
    async GoOnline(event) {
      await change(event, { status: 'ONLINE' });
      await record(event, { state: 'done', registeredAt: new Date().toISOString(), code: undefined });
      return done;
    },
    async BeginUpdate(event) {
      await change(event, { status: 'ONLINE' });
      await record(event, { state: 'done', previous: undefined });
      return done;
    },
    async StopRegistration(event) {
      const sender = await senders().get(event.accountSid, event.senderSid);
      if (sender) await senders().remove(sender);
      await registrations.remove(event.senderSid);
      return done;
    },
  };

  beforeEach(() => {
    state.number += 1;
    state.judge = 'accepted';
    state.answers = [];
    state.wanted = Promise.withResolvers<void>();
    Object.assign(steps, played);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    rmSync(channels, { recursive: true });
    await numbers.stop();
    await aws.stop();
  });

  const post = (json: unknown, sid?: unknown) =>
    call(handler, { method: 'POST', path: sid === undefined ? SENDERS : `${SENDERS}/${sid}`, json });
  const get = (sid: unknown) => call(handler, { path: `${SENDERS}/${sid}` });

  /** A number that has got as far as waiting for its code. */
  async function waiting(json: object): Promise<string> {
    const { status, body } = await post(json);
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'CREATING' } });
    await state.wanted.promise;
    return String(body['sid']);
  }

  return {
    aws,
    handler,
    numbers,
    registrations,
    senders,
    change,
    record,
    state,
    /** What the steps do; a test may put others in their place. */
    steps,
    played,
    post,
    get,
    remove: (sid: unknown) => call(handler, { method: 'DELETE', path: `${SENDERS}/${sid}` }),
    waiting,
    /** A number that is registered. */
    async online(json: object): Promise<string> {
      const sid = await waiting(json);
      expect(await post(code('123456'), sid)).toMatchObject({ status: 202 });
      await numbers.over(sid);
      expect(await get(sid)).toMatchObject({ body: { status: 'ONLINE' } });
      return sid;
    },
    /** A request for a number at Meta. */
    cloud: (changed: object = {}) => ({
      sender_id: `whatsapp:+${state.number}`,
      configuration: { waba_id: '1000000001', access_token: ACCESS_TOKEN, app_secret: 'app-secret', pin: '246810' },
      webhook: { callback_url: 'https://app.example/in' },
      profile: { name: 'Shop', about: 'Open all day', websites: [{ website: 'https://shop.example', label: 'Shop' }] },
      ...changed,
    }),
    /** A request for a number on containers. */
    device: (configuration: object = {}) => ({
      sender_id: `whatsapp:+${state.number}`,
      configuration: { waba_id: '1000000001', access_token: ACCESS_TOKEN, ...configuration },
      profile: { name: 'Shop' },
    }),
    /** A step that does what it does only when it is let go. */
    hold(step: string): () => void {
      const held = Promise.withResolvers<void>();
      steps[step] = async (event) => {
        await held.promise;
        return (await played[step]?.(event)) ?? done;
      };
      return held.resolve;
    },
    /** Step Functions starts nothing until this is undone. */
    breakStart: () =>
      vi.spyOn(numbers.machines, 'start').mockImplementation(() => {
        throw new ServiceError('StateMachineDeleting', 'not now');
      }),
  };
}

export const code = (verification_code: string) => ({ configuration: { verification_code } });

/** The answer that refuses: 63100 with all of these in its message, in this order. */
export const refusal = (status: number, ...says: string[]) => ({
  status,
  body: { code: 63100, message: expect.stringMatching(new RegExp(says.join('.*'))) },
});

/** From now on it is later. */
export const passTime = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
