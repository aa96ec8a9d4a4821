import { type App, Stack } from 'aws-cdk-lib/core';
import type { SwitchboardConfig } from './config.ts';
import { Storage } from './storage/storage.ts';
import { Switchboard } from './switchboard.ts';

/**
 * The gateway as it is deployed: what must outlive mistakes in one stack, protected; everything that can be made again in the other.
 */
export function createStacks(app: App, config: SwitchboardConfig): { storage: Stack; gateway: Stack } {
  const storageStack = new Stack(app, 'SwitchboardStorage', {
    description: 'Switchboard: table and master key. Deleting this deletes every message.',
    terminationProtection: config.removalPolicy === 'retain',
  });
  const storage = new Storage(storageStack, 'Storage', config);

  const gateway = new Stack(app, 'Switchboard', {
    description: "Switchboard: Twilio's messaging API for WhatsApp and other channels",
  });
  new Switchboard(gateway, 'Switchboard', { ...config, storage });
  return { storage: storageStack, gateway };
}
