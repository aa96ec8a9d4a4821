import { DEVICE_ROLES, dnsLabel, ecsName } from '../domain/device-names.ts';
import type { Fleet } from './fleet.ts';
import type { StepAnswer, StepContext } from './run-step.ts';

const WAIT_SECONDS = 10;

type Stopping = Pick<Fleet, 'devices' | 'services' | 'tasks' | 'definitions' | 'registries' | 'settings'>;

/** Begins to end all containers of a device. From here on nothing starts them again. */
export async function stopContainers(
  { senderSid }: Pick<StepContext, 'senderSid'>,
  { devices, services, settings }: Stopping,
): Promise<StepAnswer> {
  await devices.update(senderSid, { stopping: true });
  const names = DEVICE_ROLES.map((role) => ecsName(settings, senderSid, role));
  for (const { name, state } of (await services.describe(names)).values()) {
    if (!state.isDraining) await services.remove(name);
  }
  return { outcome: 'done' };
}

/**
 * Whether all containers of a device have ended; then removes what stood for them: their names in the network, which
 * cannot go before, and their task definitions.
 */
export async function checkStopped(
  { senderSid }: Pick<StepContext, 'senderSid'>,
  fleet: Stopping,
): Promise<StepAnswer> {
  const stopping = { outcome: 'stopping', waitSeconds: WAIT_SECONDS };
  const names = DEVICE_ROLES.map((role) => ecsName(fleet.settings, senderSid, role));
  const left = await fleet.services.describe(names);
  if (left.size > 0) {
    // One that somebody made again, or that was made while the others were removed.
    for (const { name, state } of left.values()) if (!state.isDraining) await fleet.services.remove(name);
    return stopping;
  }
  for (const name of names) {
    const tasks = await fleet.tasks.ofFamily(name);
    if (tasks.some(({ hasEnded }) => !hasEnded)) return stopping;
  }
  for (const arn of await registriesOf(senderSid, fleet)) {
    if (!(await fleet.registries.remove(arn))) return stopping;
  }
  for (const name of names) await fleet.definitions.remove(name);
  return { outcome: 'stopped' };
}

/** The device's names in the network. A record that may have missed one is not relied upon. */
async function registriesOf(senderSid: string, { devices, registries }: Stopping): Promise<string[]> {
  const device = await devices.get(senderSid);
  if (device?.registries.web !== undefined && (device.mode !== 'single' || device.registries.coreapp !== undefined)) {
    return Object.values(device.registries);
  }
  const labels = DEVICE_ROLES.map((role) => dnsLabel(senderSid, role));
  return (await registries.list()).filter(({ name }) => labels.includes(name)).map(({ arn }) => arn);
}
