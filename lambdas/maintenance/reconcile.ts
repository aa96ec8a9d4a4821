import type { Device } from '../domain/device.ts';
import { removeDevice } from '../fleet/remove-device.ts';
import type { FleetService } from '../platform/ecs.ts';
import { logger } from '../platform/log.ts';
import { inLanes } from './lanes.ts';
import { repairServices, standingOf } from './reconcile-devices.ts';
import { checkHealth } from './reconcile-health.ts';
import { removeOrphans } from './reconcile-orphans.ts';
import { endStuck } from './reconcile-registrations.ts';
import type { Reconciler } from './reconciler.ts';

/** Devices looked after at a time: most of the time each waits for an answer. */
const LANES = 10;

/** Another device is begun only with this much time left, in ms. */
const LEAST_MS = 60_000;

/** What one run found, by the names of its metrics. */
export interface Findings extends Record<string, number> {
  /** Devices that are unwell though they were restarted. */
  DevicesDown: number;
  /** Devices whose services were not as they should be. */
  DeviceRepairs: number;
  /** Senders of whom something was left. */
  OrphansRemoved: number;
  /** Registrations, changes and removals whose execution was gone. */
  StuckRegistrations: number;
  /** What could not be looked after; the next run tries again. */
  ReconcileFailures: number;
}

/**
 * Compares what should run with what runs, repairs the difference and reports what it cannot repair. Any run may be cut
 * off anywhere: the next begins anew.
 */
export async function reconcile(reconciler: Reconciler, remainingMs: () => number): Promise<Findings> {
  const findings: Findings = {
    DevicesDown: 0,
    DeviceRepairs: 0,
    OrphansRemoved: 0,
    StuckRegistrations: await endStuck(reconciler),
    ReconcileFailures: 0,
  };
  const devices = await reconciler.devices.list();
  // After the devices: a service that is made in between belongs to one that is busy.
  const services = await reconciler.services.describe(await reconciler.services.list());
  await inLanes(devices, LANES, async (device) => {
    if (remainingMs() < LEAST_MS) {
      findings.ReconcileFailures += 1;
      return;
    }
    try {
      await lookAfter(device, services, findings, reconciler);
    } catch (error) {
      findings.ReconcileFailures += 1;
      logger.error('a device could not be looked after', { senderSid: device.senderSid, error: error as Error });
    }
  });
  const known = new Set(devices.map(({ senderSid }) => senderSid));
  const { removed, failed } = await removeOrphans(known, services, reconciler);
  findings.OrphansRemoved += removed;
  findings.ReconcileFailures += failed;
  reconciler.emit(findings);
  logger.info('reconciled', { devices: devices.length, services: services.size, ...findings });
  return findings;
}

async function lookAfter(
  device: Device,
  services: ReadonlyMap<string, FleetService>,
  findings: Findings,
  reconciler: Reconciler,
): Promise<void> {
  const standing = await standingOf(device, reconciler);
  switch (standing.kind) {
    case 'busy':
      return;
    case 'gone':
    case 'left':
      findings.OrphansRemoved += 1;
      logger.warn('what is left of a device is removed', { senderSid: device.senderSid, because: standing.kind });
      await removeDevice(device.senderSid, reconciler);
      return;
    case 'kept':
      if (await repairServices(device, standing.sender, services, reconciler)) {
        // How it is says nothing while its containers change.
        findings.DeviceRepairs += 1;
      } else if ((await checkHealth(device, standing.sender, reconciler)) === 'down') {
        findings.DevicesDown += 1;
      }
  }
}
