import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import type { FunctionNetwork } from '../shared/gateway-function.ts';
import type { Storage } from '../storage/storage.ts';
import type { FleetConfig } from './config.ts';
import { Devices } from './devices.ts';
import { FleetNetwork } from './network.ts';
import { Sandbox } from './sandbox.ts';

export interface FleetProps {
  readonly config: SwitchboardConfig;
  readonly storage: Storage;
}

/** WhatsApp devices that the gateway runs itself: simulated ones for trying things out, and those of registered numbers. */
export class Fleet extends Construct {
  /** For functions that call devices. */
  readonly network: FunctionNetwork;

  /** Default: numbers cannot be registered on containers here. */
  readonly devices: Devices | undefined;

  constructor(scope: Construct, id: string, { config, storage, fleet }: FleetProps & { readonly fleet: FleetConfig }) {
    super(scope, id);
    const network = new FleetNetwork(this, 'Network', config);
    this.network = { vpc: network.vpc, securityGroup: network.callers };
    if (fleet.sandbox) new Sandbox(this, 'Sandbox', { config, network, numbers: fleet.sandbox.numbers });
    this.devices =
      fleet.devices && new Devices(this, 'Devices', { config, fleet, devices: fleet.devices, network, storage });
  }
}

/** Whether a configuration asks for simulated devices, or for registering numbers on containers. */
export function isFleetWanted({ fleet }: Pick<SwitchboardConfig, 'fleet'>): boolean {
  return fleet?.sandbox !== undefined || fleet?.devices !== undefined;
}

/** The fleet that a configuration asks for, if it does. */
export function createFleet(scope: Construct, id: string, props: FleetProps): Fleet | undefined {
  const { fleet } = props.config;
  return fleet && isFleetWanted(props.config) ? new Fleet(scope, id, { ...props, fleet }) : undefined;
}
