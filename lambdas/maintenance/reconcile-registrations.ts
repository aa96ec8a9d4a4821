import { executionArn, executionName, offlineReason, type Registration } from '../domain/registration.ts';
import { toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import { GRACE_MS, type Reconciler } from './reconciler.ts';

/** An execution may be started a moment after it is recorded, and its last state ends a moment before it does. In ms. */
const SETTLING_MS = 10 * 60_000;

/**
 * Looks for registrations, changes and removals whose execution ended without a word, or was never started. The first two
 * are marked as failed, so that the customer reads why and can ask again; a removal is started again, because its sender is
 * not shown any more and nobody else can.
 * @returns how many there were
 */
export async function endStuck(reconciler: Reconciler): Promise<number> {
  let stuck = 0;
  for (const { senderSid } of await reconciler.registrations.underWay()) {
    const record = await reconciler.registrations.get(senderSid);
    if (!record || !isUnderWay(record)) continue;
    if (reconciler.now() - Date.parse(record.stepStartedAt) < SETTLING_MS) continue;
    const status = await reconciler.executionStatus(record.executionArn);
    if (status === 'RUNNING' || status === 'PENDING_REDRIVE') continue;
    stuck += 1;
    const how = status === undefined ? 'was never started' : `ended as ${status}`;
    logger.error('an execution is gone and its record was not ended', {
      senderSid,
      state: record.state,
      step: record.step,
      how,
    });
    await (record.state === 'retiring' ? retireAgain(record, reconciler) : giveUp(record, how, reconciler));
  }
  return stuck;
}

const isUnderWay = ({ state }: Registration): boolean =>
  state === 'running' || state === 'updating' || state === 'retiring';

async function giveUp(record: Registration, how: string, { registrations, senders }: Reconciler): Promise<void> {
  const { accountSid, senderSid, previous } = record;
  const isUpdate = record.state === 'updating';
  const failure = {
    step: record.step,
    message: `The ${isUpdate ? 'change' : 'registration'} was cut off: its execution ${how}`,
    action: isUpdate ? 'Ask for the change again' : 'Register the number again',
  };
  const ended = await registrations.update(
    senderSid,
    { state: isUpdate ? 'done' : 'failed', failure, previous: undefined },
    { onlyIfExecution: record.executionArn },
  );
  if (!ended) return;
  const reasons = { offlineReasons: [offlineReason(failure)] };
  // A number goes on with what it had before a change; its containers follow its fields.
  await senders().change(
    { accountSid, sid: senderSid },
    isUpdate ? { status: 'ONLINE', ...previous, ...reasons } : { status: 'OFFLINE', ...reasons },
    isUpdate ? ['ONLINE:UPDATING', 'ONLINE'] : ['CREATING', 'PENDING_VERIFICATION', 'VERIFYING', 'TWILIO_REVIEW'],
  );
}

async function retireAgain(record: Registration, reconciler: Reconciler): Promise<void> {
  const { registrations, retireNumberArn, now } = reconciler;
  const { accountSid, senderSid } = record;
  // Once an hour: what made it fail may need somebody to mend it.
  if (now() - Date.parse(record.stepStartedAt) < GRACE_MS) return;
  const attempt = record.attempt + 1;
  const name = executionName(senderSid, attempt);
  const at = toIso(now());
  const again: Registration = {
    ...record,
    attempt,
    executionArn: executionArn(retireNumberArn, name),
    state: 'retiring',
    step: 'StopRegistration',
    stepStartedAt: at,
  };
  if (!(await registrations.put(again, record))) return;
  await reconciler.startExecution(retireNumberArn, name, { accountSid, senderSid });
  logger.info('a removal is started again', { senderSid, attempt });
}
