import { type App, Stack } from 'aws-cdk-lib/core';
import type { SwitchboardConfig } from './config.ts';
import { createFleet, isFleetWanted } from './fleet/fleet.ts';
import { Storage } from './storage/storage.ts';
import { Switchboard } from './switchboard.ts';

/** The gateway's stacks; only those that a configuration asks for. */
export interface Stacks {
  readonly storage: Stack;
  readonly fleet?: Stack;
  readonly gateway: Stack;
}

/**
 * The gateway as it is deployed: what must outlive mistakes in stacks of their own, protected; everything that can be made again in the
 * last one.
 */
export function createStacks(app: App, config: SwitchboardConfig): Stacks {
  const terminationProtection = config.removalPolicy === 'retain';
  const storageStack = new Stack(app, 'SwitchboardStorage', {
    description: 'Switchboard: table and master key. Deleting this deletes every message.',
    terminationProtection,
  });
  const storage = new Storage(storageStack, 'Storage', config);

  const fleetStack =
    isFleetWanted(config) &&
    new Stack(app, 'SwitchboardFleet', {
      description:
        "Switchboard: the devices' network, database and volumes. Deleting this deletes the keys of every number on containers.",
      terminationProtection,
    });
  const containers = fleetStack ? createFleet(fleetStack, 'Fleet', { config, storage }) : undefined;

  const gateway = new Stack(app, 'Switchboard', {
    description: "Switchboard: Twilio's messaging API for WhatsApp and other channels",
  });
  new Switchboard(gateway, 'Switchboard', { ...config, storage, containers });
  return { storage: storageStack, ...(fleetStack && { fleet: fleetStack }), gateway };
}
