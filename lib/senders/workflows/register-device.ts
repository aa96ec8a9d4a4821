import { connectDevice, startDevice } from './device-steps.ts';
import { nobodyGaveCode, prepareNumber, verifyNumber } from './number-steps.ts';
import { recordFailure, recordUndoFailure, releaseNumber, removeDevice } from './removal.ts';
import { chain, choose, type Definition, failed, pause } from './states.ts';
import { CONTAINERS, REGISTRATION_SECONDS, REMOVAL, STEADY, tasksOf } from './tasks.ts';

export interface DeviceFunctions {
  /** The ARN of the function that takes the steps at Meta and at the device. */
  readonly register: string;
  /** The ARN of the function that makes and removes containers. */
  readonly fleet: string;
}

/** Registers a WhatsApp number on containers of its own, from nothing to online. What fails is undone. */
export function registerDevice({ register, fleet }: DeviceFunctions): Definition {
  const number = tasksOf(register, STEADY, 'RecordFailure');
  const containers = tasksOf(fleet, CONTAINERS, 'RecordFailure');
  const clearUp = tasksOf(register, REMOVAL);
  return chain('Registers a WhatsApp number on containers of its own.', REGISTRATION_SECONDS, [
    ...prepareNumber(number),
    number.task('CheckDisplayName', 'Asks Meta whether it has approved the display name. It reviews every name.'),
    choose('DisplayNameApproved?', 'A name that Meta declines has failed already.', {
      approved: 'FetchCertificate',
      pending: 'WaitForDisplayName',
    }),
    pause('WaitForDisplayName', 'Reviews take minutes to days.', 'CheckDisplayName'),
    number.task('FetchCertificate', 'Fetches the certificate of the approved name, with which the device registers.'),
    number.task('CreateDeviceSecrets', "Makes the device's passwords and keys and stores them in Secrets Manager."),
    containers.task('CreateDatabase', 'Makes a database user for this number alone.'),
    containers.task('CreateMediaVolume', "Notes the device down and makes the number's media volume."),
    ...startDevice(containers, number, 'LogIn'),
    number.task('LogIn', "Logs in with the device's first password and replaces it with the stored one."),
    ...verifyNumber(number, 'SetShards'),
    ...connectDevice(number, 'SetTwoStepPin'),
    number.task('SetTwoStepPin', 'Protects the number with a PIN against being registered elsewhere.'),
    number.task('ConfigureDevice', "Points the device's webhook at this gateway and switches its statuses on."),
    number.task('SetProfile', 'Sets the business profile: about, address, photo.'),
    number.task('GoOnline', 'From now on the sender sends and receives.', { end: true }),
    nobodyGaveCode(),
    recordFailure(clearUp),
    ...removeDevice(tasksOf(fleet, REMOVAL, 'RecordUndoFailure'), 'Undo'),
    releaseNumber(tasksOf(register, REMOVAL, 'RecordUndoFailure'), 'Undo', 'RegistrationFailed'),
    recordUndoFailure(clearUp),
    failed('RegistrationFailed', 'What was made is undone, and the sender says why; asking again starts clean.'),
  ]);
}
