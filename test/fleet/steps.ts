import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { Fleet } from '../../lambdas/fleet/fleet.ts';
import { runStep } from '../../lambdas/fleet/run-step.ts';
import { EXECUTION } from './aws.ts';

/** One state of a state machine, done once. */
export function step(name: string, sender: Sender, fleet: Fleet, executionArn = EXECUTION) {
  return runStep({ step: name, accountSid: sender.accountSid, senderSid: sender.sid, executionArn }, fleet);
}

/** As the state machine does: the step again and again, as long as it says how long to wait. */
export async function until(outcome: string, name: string, sender: Sender, fleet: Fleet): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const answer = await step(name, sender, fleet);
    if (answer.waitSeconds === undefined) {
      if (answer.outcome === outcome) return;
      throw new Error(`${name} answered ${answer.outcome} and not ${outcome}.`);
    }
    if (Date.now() > deadline) throw new Error(`${name} is still ${answer.outcome}.`);
    await delay(200);
  }
}

export async function startDevice(sender: Sender, fleet: Fleet): Promise<void> {
  await step('CreateDatabase', sender, fleet);
  await step('CreateMediaVolume', sender, fleet);
  await until('started', 'StartContainers', sender, fleet);
}

export async function retireDevice(sender: Sender, fleet: Fleet): Promise<void> {
  await step('StopContainers', sender, fleet);
  await until('stopped', 'CheckStopped', sender, fleet);
  await step('EraseMedia', sender, fleet);
  await until('erased', 'CheckErased', sender, fleet);
  await step('DeleteMediaVolume', sender, fleet);
  await step('DropDatabase', sender, fleet);
}

class Crash extends Error {}

/** Calls that change nothing: being cut off after one is like being cut off before it. */
const LOOKS = /^(get|list|describe|find|families|ofFamily|tagsOf)$/;

/**
 * A fleet whose function is cut off after the `count`th thing it does to AWS or the table: that has its effect, and what
 * comes after it does not happen. Doing the same thing again does not count.
 */
export function crashing(fleet: Fleet, count: number): Fleet {
  const done = new Set<string>();
  const wrap = <T extends object>(part: T, partName: string): T =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...input: unknown[]) => {
          const result: unknown = await value.apply(target, input);
          if (LOOKS.test(String(name))) return result;
          const before = done.size;
          done.add(JSON.stringify([partName, name, input]));
          if (done.size === count && done.size > before) throw new Crash();
          return result;
        };
      },
    });
  const parts = ['devices', 'services', 'tasks', 'definitions', 'registries', 'volumes', 'databases'] as const;
  return { ...fleet, ...Object.fromEntries(parts.map((name) => [name, wrap(fleet[name], name)])) };
}

/** How many cut-offs are tried at once: they mostly wait for containers. */
const AT_ONCE = 4;

/** `npm test` tries one effect in four; `npm run test:faults` each of them. */
const STRIDE = process.env['EVERY_FAULT'] === 'true' ? 1 : 4;

/**
 * Tries a cut-off after the first effect, then after later ones, until there is none left to be cut off after.
 * @param attempt answers whether it was cut off
 * @returns after how many it was
 */
export async function afterEveryEffect(attempt: (count: number) => Promise<boolean>): Promise<number> {
  for (let tried = 0; ; tried += AT_ONCE) {
    const counts = Array.from({ length: AT_ONCE }, (_, index) => 1 + (tried + index) * STRIDE);
    const cut = await Promise.all(counts.map(attempt));
    if (cut.includes(false)) return tried + cut.indexOf(false);
  }
}

/** The least number of cut-offs that must have been tried where there are so many effects. */
export const cutOffsOf = (effects: number): number => Math.ceil(effects / STRIDE);

/** Whether it was cut off; any other error is thrown on. */
export async function isCutOff(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof Crash) return true;
    throw error;
  }
}
