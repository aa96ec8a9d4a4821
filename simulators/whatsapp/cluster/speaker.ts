import type { RequestListener } from 'node:http';
import type { Laboratory } from '../control/handler.ts';
import type { Device, DeviceState } from '../device/device.ts';
import { type DeviceSnapshot, restoreSnapshot, takeSnapshot } from '../device/snapshot.ts';
import { createLaboratory } from '../laboratory.ts';
import type { SimulatorOptions } from '../options.ts';
import { requestListener } from '../serve.ts';
import type { Nodes } from './nodes.ts';
import type { StateDirectory } from './state-directory.ts';

const SNAPSHOT = 'device.json';

/** States of a device whose containers are too few. */
const LOST: readonly DeviceState[] = ['disconnected', 'core_down'];

/** The installation itself, in the container that holds the lease. What it keeps is in the state directory at any time. */
export class Speaker {
  readonly listener: RequestListener;
  readonly #laboratory: Laboratory;
  readonly #device: Device;
  readonly #directory: StateDirectory;
  readonly #nodes: Nodes;
  readonly #id: string;
  #saved = '';

  /** Goes on where the last holder of the lease stopped. */
  constructor(id: string, options: SimulatorOptions, directory: StateDirectory, nodes: Nodes) {
    this.#id = id;
    this.#directory = directory;
    this.#nodes = nodes;
    this.#laboratory = createLaboratory({ ...options, numbers: [] });
    const [device] = this.#laboratory.network.devices;
    if (!device) throw new Error('A laboratory without numbers has one device.');
    this.#device = device;
    const snapshot = directory.read(SNAPSHOT) as DeviceSnapshot | undefined;
    if (snapshot) restoreSnapshot(device, snapshot);
    const serve = requestListener(this.#laboratory);
    this.listener = (incoming, response) => {
      // Before the caller knows: what it was told of is kept.
      const end = response.end.bind(response);
      response.end = ((...given: Parameters<typeof end>) => {
        this.#save();
        return end(...given);
      }) as typeof response.end;
      serve(incoming, response);
    };
    this.look();
  }

  /** Looks which containers there are, and does without those that are gone. */
  look(): void {
    if (this.#device.mode !== 'single') this.#countContainers();
    this.#save();
  }

  #countContainers(): void {
    const device = this.#device;
    const coreapps = this.#nodes.alive('coreapp');
    device.containers = { primary: this.#id, masters: this.#nodes.alive('master'), coreapps };
    device.coreapps = coreapps.length;
    const isUp = coreapps.length >= (device.mode === 'multiconnect' ? device.registration.shards : 1);
    if (device.registration.registered) {
      if (isUp && LOST.includes(device.state)) device.connect();
      else if (!isUp && !LOST.includes(device.state)) device.changeState('disconnected');
    } else if (!isUp) {
      device.changeState('core_down');
    } else if (LOST.includes(device.state)) {
      device.changeState('unregistered');
    }
  }

  stop(): void {
    this.#laboratory.clock.stop();
    this.#device.stop();
  }

  #save(): void {
    const snapshot = takeSnapshot(this.#device);
    const text = JSON.stringify(snapshot);
    if (text === this.#saved) return;
    this.#directory.write(SNAPSHOT, snapshot);
    this.#saved = text;
  }
}
