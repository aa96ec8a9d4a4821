import { Clock } from './clock.ts';
import type { Laboratory } from './control/handler.ts';
import { Device, type DeviceSetup } from './device/device.ts';
import { DEFAULT_PASSWORD } from './device/users.ts';
import { Faults } from './faults.ts';
import { Network } from './network/network.ts';
import { completeOptions, type SimulatorOptions } from './options.ts';

/** Makes a simulated network with its devices. Throws a sentence when an option makes no sense. */
export function createLaboratory(options: SimulatorOptions): Laboratory {
  const settings = completeOptions(options);
  const clock = new Clock();
  const faults = new Faults();
  const network = new Network();
  const createDevice = (setup: DeviceSetup) => {
    const device = new Device(setup, { clock, faults, network, settings });
    network.addDevice(device);
    return device;
  };
  const { mode, coreapps, adminPassword } = settings;
  for (const number of settings.numbers) {
    createDevice({ number, registered: true, password: adminPassword, mode, coreapps });
  }
  // Without numbers it is what the real image is: one installation that waits to be registered.
  if (settings.numbers.length === 0) {
    const password = options.adminPassword ?? DEFAULT_PASSWORD;
    createDevice({ number: undefined, registered: false, password, mode, coreapps });
  }
  return { clock, faults, network, settings, createDevice };
}
