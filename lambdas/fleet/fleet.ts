import { type FleetSettings, parseFleetSettings } from '../domain/fleet-settings.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { Registries } from '../platform/cloud-map.ts';
import { DeviceDatabases } from '../platform/database.ts';
import { type DeviceSecret, readDeviceSecret } from '../platform/device-secrets.ts';
import { FleetServices } from '../platform/ecs.ts';
import { FleetTasks } from '../platform/ecs-tasks.ts';
import { DeviceStore } from '../platform/stores/devices.ts';
import { RegistrationStore } from '../platform/stores/registrations.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { TaskDefinitions } from '../platform/task-definitions.ts';
import { Volumes } from '../platform/volumes.ts';

/** What the fleet's steps work with. */
export interface Fleet {
  settings: FleetSettings;
  devices: DeviceStore;
  registrations: RegistrationStore;
  /** A store that remembers nothing from an earlier step: another function may have changed the sender since. */
  senders(): SenderStore;
  services: FleetServices;
  tasks: FleetTasks;
  definitions: TaskDefinitions;
  registries: Registries;
  volumes: Volumes;
  databases: DeviceDatabases;
  readSecret(secretId: string): Promise<DeviceSecret>;
  now: Clock;
}

/** @param json the `FLEET` variable */
export function openFleet(json: string, table: string): Fleet {
  const settings = parseFleetSettings(json);
  return {
    settings,
    devices: new DeviceStore(table),
    registrations: new RegistrationStore(table),
    senders: () => new SenderStore(table),
    services: new FleetServices(settings),
    tasks: new FleetTasks(settings),
    definitions: new TaskDefinitions(settings),
    registries: new Registries(settings),
    volumes: new Volumes(settings),
    databases: new DeviceDatabases(settings),
    readSecret: readDeviceSecret,
    now: systemClock,
  };
}
