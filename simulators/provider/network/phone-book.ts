import { Contact } from '../../whatsapp/network/contact.ts';

/** The contacts of every channel: the same id on two channels is two contacts. */
export class PhoneBook {
  readonly #contacts = new Map<string, Contact>();

  /** A contact, which exists as soon as somebody writes to it or asks for it. */
  contact(channel: string, id: string): Contact {
    const key = `${channel} ${id}`;
    const known = this.#contacts.get(key);
    if (known) return known;
    const contact = new Contact(id);
    this.#contacts.set(key, contact);
    return contact;
  }

  of(channel: string): Contact[] {
    return [...this.#contacts].filter(([key]) => key.startsWith(`${channel} `)).map(([, contact]) => contact);
  }
}
