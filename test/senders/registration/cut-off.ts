import type { StepDependencies, StepResult } from '../../../lambdas/senders/registration/job.ts';
import type { Bench } from './support.ts';

type Call = (...given: never[]) => Promise<unknown>;

/**
 * Runs a step again and again, each time cut off one effect later (a write, or an exchange with the other side), until it ends:
 * what a function that dies anywhere leaves to the next run.
 * @returns the answer of the run that was not cut off, and how many were
 */
export async function cutOffEverywhere(
  bench: Bench,
  run: () => Promise<StepResult>,
): Promise<{ result: StepResult; cuts: number }> {
  const { dependencies } = bench;
  try {
    for (let cuts = 0; ; cuts += 1) {
      const { promise: dead, resolve: die } = Promise.withResolvers<undefined>();
      bench.dependencies = dyingAfter(dependencies, cuts + 1, () => die(undefined));
      const result = await Promise.race([run(), dead]);
      if (result) return { result, cuts };
    }
  } finally {
    bench.dependencies = dependencies;
  }
}

/** The same dependencies; the call that has effect number `last` has it, and never returns. */
function dyingAfter(dependencies: StepDependencies, last: number, die: () => void): StepDependencies {
  let effects = 0;
  const mortal = <F extends Call>(call: F): F =>
    (async (...given) => {
      const answer = await call(...given);
      effects += 1;
      if (effects !== last) return answer;
      die();
      return new Promise(() => {});
    }) as F;
  const { registrations, devices, secrets, keeper, sessions, send, sendForBytes } = dependencies;
  return {
    ...dependencies,
    senders: () => {
      const senders = dependencies.senders();
      return {
        get: senders.get.bind(senders),
        change: mortal(senders.change.bind(senders)),
        remove: mortal(senders.remove.bind(senders)),
      };
    },
    registrations: {
      get: registrations.get.bind(registrations),
      update: mortal(registrations.update.bind(registrations)),
      remove: mortal(registrations.remove.bind(registrations)),
    },
    devices: { get: devices.get.bind(devices), update: mortal(devices.update.bind(devices)) },
    secrets: {
      get: secrets.get.bind(secrets),
      put: mortal(secrets.put.bind(secrets)),
      remove: mortal(secrets.remove.bind(secrets)),
    },
    keeper: { schedule: mortal(keeper.schedule.bind(keeper)) },
    sessions: { remove: mortal(sessions.remove.bind(sessions)) },
    send: mortal(send),
    sendForBytes: mortal(sendForBytes),
  };
}
