import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What matters here of `AWS::Scheduler::Schedule`. */
export const scheduleSchema = z
  .object({
    ScheduleExpression: z.string(),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Target: z.object({ Arn: z.string(), Input: z.string().default('{}') }).loose(),
  })
  .loose();

export interface Schedule {
  /** Where it is in the construct tree. */
  path: string;
  intervalMilliseconds: number;
  isEnabled: boolean;
  /** Invokes its function; resolves with the function's answer. */
  tick: () => Promise<unknown>;
}

/**
 * How long from one tick of a `rate(…)` to the next, in milliseconds.
 * @throws when it is another kind of expression
 */
export function parseRate(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const milliseconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!(milliseconds > 0))
    throw new Error(`the local stack runs schedules of the form rate(15 minutes), not ${expression}`);
  return milliseconds;
}

/** EventBridge Scheduler: ticks by the clock while it runs. A tick whose function fails is the function's own trouble. */
export class Scheduler {
  readonly #timers: NodeJS.Timeout[];

  constructor(schedules: readonly Schedule[]) {
    this.#timers = schedules
      .filter(({ isEnabled }) => isEnabled)
      .map(({ tick, intervalMilliseconds }) =>
        setInterval(() => {
          tick().catch(() => {
            // The function has logged why it failed, and the next tick comes.
          });
        }, intervalMilliseconds),
      );
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
