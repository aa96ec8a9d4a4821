import type { JsonObject } from '../shape.ts';
import type { Device } from './device.ts';
import type { RegistrationRecord } from './registration.ts';
import type { UserRecords } from './users.ts';

/** What an installation keeps in its database, and so over a restart of its containers. Messages on their way are lost. */
export interface DeviceSnapshot {
  number: string | undefined;
  users: UserRecords;
  registration: RegistrationRecord;
  application: JsonObject;
  about: string;
  business: JsonObject;
  photo: { type: string; content: string } | undefined;
}

export function takeSnapshot({ number, users, registration, application, profile }: Device): DeviceSnapshot {
  const { about, business, photo } = profile;
  return {
    number,
    users: users.records,
    registration: registration.record,
    application: application.toJson(),
    about,
    business,
    photo: photo && { type: photo.type, content: photo.content.toString('base64') },
  };
}

/** Makes a new installation what an earlier one was, and connects its number again. */
export function restoreSnapshot(device: Device, snapshot: DeviceSnapshot): void {
  const { number, users, registration, application, about, business, photo } = snapshot;
  if (number !== undefined) device.takeNumber(number);
  device.users.records = users;
  device.application.patch(application);
  Object.assign(device.profile, { about, business });
  device.profile.photo = photo && { type: photo.type, content: Buffer.from(photo.content, 'base64') };
  device.registration.record = registration;
  device.restart();
  if (registration.pending !== undefined) device.changeState('code_pending');
}
