import type { Device } from '../device/device.ts';
import { Contact } from './contact.ts';
import { waIdOf } from './ids.ts';
import { Templates } from './templates.ts';

/** The simulated WhatsApp network: all devices of the process, and every contact's phone. */
export class Network {
  readonly templates = new Templates();
  readonly #devices: Device[] = [];
  readonly #contacts = new Map<string, Contact>();

  get devices(): readonly Device[] {
    return this.#devices;
  }

  get contacts(): Contact[] {
    return [...this.#contacts.values()];
  }

  addDevice(device: Device): void {
    this.#devices.push(device);
  }

  deviceOf(number: string): Device | undefined {
    return this.#devices.find((device) => device.number === number);
  }

  /** The contact of a number (digits); there is one for every number. */
  contact(number: string): Contact {
    const waId = waIdOf(number);
    const contact = this.#contacts.get(waId) ?? new Contact(waId);
    this.#contacts.set(waId, contact);
    return contact;
  }
}
