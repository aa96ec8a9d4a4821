import type { Device } from '../domain/device.ts';
import { ecsName } from '../domain/device-names.ts';
import { findingOf, type HealthFinding, judgeTrouble } from '../domain/device-trouble.ts';
import type { Sender } from '../domain/sender.ts';
import { shapeOf } from '../fleet/sender.ts';
import { InDoubtError, NotSentError } from '../platform/http.ts';
import { logger } from '../platform/log.ts';
import { connectionProblem, readHealth } from '../senders/device/health.ts';
import type { Reconciler } from './reconciler.ts';

/** A device that takes longer to say how it is is not well. */
const TIMEOUT_MS = 5_000;

/**
 * Asks a device how it is, and restarts one container of one that has been unwell for long: the mildest thing that may
 * help. ECS starts another in its place, and the number stays registered, because its keys are in the database.
 * @returns `down` when restarts have not helped
 */
export async function checkHealth(
  device: Device,
  sender: Sender,
  reconciler: Reconciler,
): Promise<'well' | 'unwell' | 'down'> {
  const { senderSid } = device;
  const { devices, now } = reconciler;
  const finding = await examine(device, sender, reconciler);
  const verdict = { isWell: finding.isWell, canRestart: finding.blame !== undefined };
  const { trouble, restart, state } = judgeTrouble(device.trouble, verdict, now());
  if (state === 'well') return 'well';

  const { problem } = finding;
  // Noted first: a job that is cut off here must not restart a container with every run.
  await devices.update(senderSid, { trouble });
  if (state === 'recovered') logger.info('a device is well again', { senderSid });
  if (state === 'waiting') logger.warn('a device is unwell', { senderSid, problem, since: trouble?.since });
  if (state === 'down') logger.error('a device is down', { senderSid, problem, ...trouble });
  if (restart) await restartOne(senderSid, finding, reconciler);
  if (state === 'recovered') return 'well';
  return state === 'down' ? 'down' : 'unwell';
}

async function examine(device: Device, sender: Sender, reconciler: Reconciler): Promise<HealthFinding> {
  const { apiKey } = await reconciler.readSecret(sender.secretId);
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Apikey ${apiKey}` };
  const request = { method: 'GET' as const, url: `${device.url}/v1/health`, headers };
  try {
    const answer = await reconciler.send(request, {
      addresses: { allowPrivate: true, allowLoopback: reconciler.allowLoopback },
      timeoutMs: TIMEOUT_MS,
    });
    const nodes = readHealth(parseJson(answer.body));
    const arrangement = arrangementOf(device, sender);
    if (nodes) return findingOf(nodes, connectionProblem(nodes, arrangement), arrangement.shards);
    // The web is there, so whatever it needs is not; a refused key is nothing that a restart mends.
    const isRefusal = answer.status === 401 || answer.status === 403;
    const problem = `it answers ${answer.status} when asked how it is`;
    return { isWell: false, problem, ...(!isRefusal && { blame: { role: 'coreapp', addresses: [] } }) };
  } catch (error) {
    if (!(error instanceof NotSentError || error instanceof InDoubtError)) throw error;
    return { isWell: false, problem: `it does not answer (${error.message})`, blame: { role: 'web', addresses: [] } };
  }
}

/** What should be connected: as many shards as the number is cut into, which may still be another number than asked for. */
function arrangementOf(device: Device, sender: Sender) {
  const { mode, shards } = shapeOf(sender);
  return { mode, shards: mode === 'multiconnect' ? (device.shardsInForce ?? shards) : 1 };
}

async function restartOne(senderSid: string, { problem, blame }: HealthFinding, reconciler: Reconciler): Promise<void> {
  if (!blame) return;
  const { tasks, settings } = reconciler;
  // A silent container's role is not known; the address tells whether it is a master.
  const roles =
    blame.role === 'coreapp' && blame.addresses.length > 0 ? (['coreapp', 'master'] as const) : [blame.role];
  const families = await Promise.all(
    roles.map(async (role) =>
      (await tasks.ofFamily(ecsName(settings, senderSid, role))).map((task) => ({ role, task })),
    ),
  );
  const running = families.flat().filter(({ task }) => !task.hasEnded);
  const suspect = running.find(({ task }) => task.address !== undefined && blame.addresses.includes(task.address));
  const chosen = suspect ?? running.find(({ role }) => role === blame.role);
  if (!chosen) return logger.warn('a device is unwell and has no container to restart', { senderSid, problem });
  logger.warn('a container is restarted', { senderSid, role: chosen.role, task: chosen.task.arn, problem });
  await tasks.stop(chosen.task.arn, `Switchboard: the device has been unwell for long; ${problem}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
