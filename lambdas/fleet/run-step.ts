import * as z from 'zod';
import type { Registration } from '../domain/registration.ts';
import { logger } from '../platform/log.ts';
import { enterStep } from '../senders/registration/enter-step.ts';
import { createDatabase, dropDatabase } from './database.ts';
import { eraseMedia } from './erase-media.ts';
import type { Fleet } from './fleet.ts';
import { createMediaVolume, deleteMediaVolume } from './media-volume.ts';
import { startContainers } from './start-containers.ts';
import { checkStopped, stopContainers } from './stop-containers.ts';

/** What the state machine goes on by. */
export interface StepAnswer {
  outcome: string;
  /** How long to wait before the same step is asked again. */
  waitSeconds?: number;
}

/** What a step is told about its registration. */
export interface StepContext {
  accountSid: string;
  senderSid: string;
  record: Registration;
}

type Step = (context: StepContext, fleet: Fleet) => Promise<StepAnswer>;

/** The states of the state machines that this function does. Each can be cut off at any line and run again. */
const STEPS = {
  CreateDatabase: createDatabase,
  CreateMediaVolume: createMediaVolume,
  StartContainers: startContainers,
  StopContainers: stopContainers,
  CheckStopped: checkStopped,
  // Looks for the task that erases, and starts it where there is none.
  EraseMedia: eraseMedia,
  CheckErased: eraseMedia,
  DeleteMediaVolume: deleteMediaVolume,
  DropDatabase: dropDatabase,
} satisfies Record<string, Step>;

const stepSchema = z.object({
  step: z.enum(Object.keys(STEPS) as [keyof typeof STEPS]),
  accountSid: z.string(),
  senderSid: z.string(),
  executionArn: z.string(),
});

/** Does one state of a state machine, if its execution is the one that acts for the sender. */
export async function runStep(event: unknown, fleet: Fleet): Promise<StepAnswer> {
  const { step, accountSid, senderSid, executionArn } = stepSchema.parse(event);
  const { record } = await enterStep(fleet.registrations, { senderSid, executionArn, step }, fleet.now());
  const answer = await STEPS[step]({ accountSid, senderSid, record }, fleet);
  logger.info('a step of the fleet', { step, senderSid, ...answer });
  return answer;
}
