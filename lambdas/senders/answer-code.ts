import { conflict } from '../domain/json-request.ts';
import { codeProblem } from '../domain/pending-code.ts';
import type { CodeAnswer } from '../domain/registration.ts';
import { REGISTERING, type Sender } from '../domain/sender.ts';
import { answerTask } from '../platform/state-machines.ts';
import type { NumberDependencies } from './number-dependencies.ts';

/**
 * Gives a registration the code that it waits for, or has another one sent. What is shown changes before the registration goes
 * on, so that it never overwrites what the registration does next. Throws 409 when no code is waited for.
 * @param changes of the sender, made in any case but that
 * @returns the sender as it was when the registration went on
 */
export async function answerCode(
  sender: Sender,
  answer: CodeAnswer,
  changes: Partial<Pick<Sender, 'webhook' | 'profile' | 'dateUpdated'>>,
  { senders, registrations, now }: Pick<NumberDependencies, 'senders' | 'registrations' | 'now'>,
): Promise<Sender> {
  const record = await registrations.get(sender.sid);
  const problem = codeProblem(sender, record, answer, now());
  const code = record?.code;
  if (problem !== undefined || code?.taskToken === undefined) throw conflict(problem ?? NOT_WAITING);

  // What was said of the last code is over.
  const status = answer.action === 'verify' ? ('VERIFYING' as const) : ('CREATING' as const);
  const next = { offlineReasons: undefined, status };
  const shown = await senders.change(sender, { ...changes, ...next }, REGISTERING);
  if (!shown) throw conflict(NOT_WAITING);
  if (record && answer.action === 'resend') {
    const chosen = { code: { ...code, method: answer.method } };
    await registrations.update(sender.sid, chosen, { onlyIfExecution: record.executionArn });
  }
  if (!(await answerTask(code.taskToken, answer))) throw conflict(NOT_WAITING);
  return shown;
}

const NOT_WAITING =
  'configuration.verification_code: the registration has just stopped waiting for a code; fetch the sender to see where it is';
