import { failuresOf, nextChanges, type StartOrder, type WantedService } from '../domain/convergence.ts';
import { type Device, planContainers } from '../domain/device.ts';
import { ecsName } from '../domain/device-names.ts';
import { type DeviceShape, needsCleanBreak } from '../domain/topology.ts';
import { applyChanges, ensureDefinitions, servicesOf } from './containers.ts';
import type { Fleet } from './fleet.ts';

/** Where a device stands on its way to a shape. */
export interface Progress {
  /** In words; empty when all of its containers run and are healthy. */
  waitingFor: string[];
  /** Why it will not get there by itself; nothing has been changed then. */
  failures: string[];
}

/**
 * Brings a device's containers one step nearer to a shape, whatever runs now: the first start, another mode, another
 * number of shards, another image, or nothing to do.
 * @param secretId the sender's secret, which containers are given keys of
 * @param order see `nextChanges`
 */
export async function converge(
  device: Device,
  { shape, secretId, order }: { shape: DeviceShape; secretId: string; order: StartOrder },
  fleet: Fleet,
): Promise<Progress> {
  const { senderSid } = device;
  if (needsCleanBreak(device.mode, shape.mode) && !(await haveAllSessionsEnded(senderSid, fleet))) {
    return { waitingFor: ['the containers of the earlier mode are ending'], failures: [] };
  }
  const { device: prepared, wanted } = await prepare(device, shape, secretId, fleet);
  const services = await servicesOf(senderSid, fleet);
  const failures = failuresOf(wanted, services);
  if (failures.length > 0) return { waitingFor: [], failures };
  const { changes, waitingFor } = nextChanges(wanted, services, order);
  await applyChanges(prepared, changes, fleet);
  return { waitingFor, failures: [] };
}

/** Ends every container that may hold the number's session; true once none does. */
async function haveAllSessionsEnded(senderSid: string, { services, tasks, settings }: Fleet): Promise<boolean> {
  const names = (['master', 'coreapp'] as const).map((role) => ecsName(settings, senderSid, role));
  const left = await services.describe(names);
  for (const { name, state } of left.values()) if (!state.isDraining) await services.remove(name);
  if (left.size > 0) return false;
  const ending = await Promise.all(names.map((name) => tasks.ofFamily(name)));
  return ending.flat().every(({ hasEnded }) => hasEnded);
}

/** Makes what the services refer to, and notes it down before any of them is changed. */
async function prepare(
  device: Device,
  shape: DeviceShape,
  secretId: string,
  fleet: Fleet,
): Promise<{ device: Device; wanted: WantedService[] }> {
  const { devices, registries, settings } = fleet;
  const { senderSid } = device;
  const plan = planContainers(shape, device.shardsInForce, settings);
  await devices.update(senderSid, { ...shape });
  const { arn: secretArn } = await fleet.readSecret(secretId);
  const named = { ...device.registries };
  for (const { role, named: isNamed } of plan) if (isNamed) named[role] = await registries.ensure(senderSid, role);
  const definitions = await ensureDefinitions({ ...device, ...shape }, plan, secretArn, fleet);
  const prepared = await devices.update(senderSid, { registries: named, definitions });
  if (!prepared) throw new Error('The device was removed at the same moment.');
  const wanted = plan.map((role) => ({ ...role, definition: definitions[role.role] ?? '' }));
  return { device: prepared, wanted };
}
