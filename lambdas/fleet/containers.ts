import type { ServiceChange, ServiceState } from '../domain/convergence.ts';
import type { Device } from '../domain/device.ts';
import { planTask } from '../domain/device-container.ts';
import { DEVICE_ROLES, type DeviceRole, ecsName } from '../domain/device-names.ts';
import type { RolePlan } from '../domain/topology.ts';
import { logger } from '../platform/log.ts';
import type { Fleet } from './fleet.ts';

/** Registers the task definitions of a plan, as far as the newest ones differ from it. @returns their ARNs */
export async function ensureDefinitions(
  { senderSid, mode, accessPointId }: Pick<Device, 'senderSid' | 'mode' | 'accessPointId'>,
  plan: readonly RolePlan[],
  secretArn: string,
  { definitions, settings }: Pick<Fleet, 'definitions' | 'settings'>,
): Promise<Device['definitions']> {
  if (accessPointId === undefined) throw new Error('The device has no media volume yet.');
  const arns: Device['definitions'] = {};
  for (const role of plan) {
    const task = planTask(role, { senderSid, mode }, settings);
    arns[role.role] = await definitions.ensure(task, { accessPointId, secretArn });
  }
  return arns;
}

/** A device's services as they are. */
export async function servicesOf(
  senderSid: string,
  { services, settings }: Pick<Fleet, 'services' | 'settings'>,
): Promise<Partial<Record<DeviceRole, ServiceState>>> {
  const found = await services.describe(DEVICE_ROLES.map((role) => ecsName(settings, senderSid, role)));
  return Object.fromEntries(
    DEVICE_ROLES.flatMap((role) => {
      const service = found.get(ecsName(settings, senderSid, role));
      return service ? [[role, service.state]] : [];
    }),
  );
}

/** Does what was decided about a device's services. */
export async function applyChanges(
  { senderSid, registries }: Pick<Device, 'senderSid' | 'registries'>,
  changes: readonly ServiceChange[],
  { services, settings }: Pick<Fleet, 'services' | 'settings'>,
): Promise<void> {
  for (const change of changes) {
    switch (change.kind) {
      case 'create': {
        const { wanted, count } = change;
        await services.create(senderSid, wanted, count, wanted.named ? registries[wanted.role] : undefined);
        logger.info('containers are started', { senderSid, role: wanted.role, count });
        break;
      }
      case 'update': {
        const { wanted, count, restart, reason } = change;
        await services.update(senderSid, wanted, count, restart);
        logger.info('containers are changed', { senderSid, role: wanted.role, count, reason });
        break;
      }
      case 'remove':
        await services.remove(ecsName(settings, senderSid, change.role));
        logger.info('containers are removed', { senderSid, role: change.role });
    }
  }
}
