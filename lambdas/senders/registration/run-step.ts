import { logger } from '../../platform/log.ts';
import { enterStep, ownRecord } from './enter-step.ts';
import { quoted, RegistrationRefused, Superseded } from './errors.ts';
import { DONE, Job, type StepDependencies, type StepEvent, type StepResult } from './job.ts';
import { FAILURE_STEP, LAST_STEP, STEPS } from './steps.ts';

/**
 * Runs one step of a state machine. It may run twice, and may have been cut off after its effect and before its record.
 * Throws `RegistrationRefused` when it cannot succeed; anything else that it throws is worth repeating.
 */
export async function runStep(event: StepEvent, dependencies: StepDependencies): Promise<StepResult> {
  const started = performance.now();
  const line = (outcome: string) => {
    const { senderSid, step } = event;
    return { senderSid, step, outcome, durationMs: Math.round(performance.now() - started) };
  };
  try {
    const result = await run(event, dependencies);
    logger.info('step', line(result.outcome));
    return result;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const isRefusal = error instanceof RegistrationRefused;
    logger.warn('step', { ...line(isRefusal ? 'refused' : 'failed'), error: name, reason: quoted(message) });
    throw error;
  }
}

async function run(event: StepEvent, dependencies: StepDependencies): Promise<StepResult> {
  const { registrations, now } = dependencies;
  const { accountSid, senderSid } = event;
  const step = STEPS.get(event.step);
  if (!step) throw new RegistrationRefused(`There is no step ${event.step}.`, 'Deploy the gateway again, as a whole.');
  const senders = dependencies.senders();
  const sender = await senders.get(accountSid, senderSid);
  if (!sender && event.step === LAST_STEP) {
    // Its first run was cut off: what is left is only what says that it may run.
    await registrations.remove(senderSid);
    return DONE;
  }
  // What records a failure asks which step it was, and so is not recorded itself.
  const entered =
    event.step === FAILURE_STEP
      ? { record: await ownRecord(registrations, event), isRepeat: false }
      : await enterStep(registrations, event, now());
  if (!sender) throw new Superseded();
  return step(new Job(event, entered, sender, senders, dependencies));
}
