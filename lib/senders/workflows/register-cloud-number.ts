import { nobodyGaveCode, prepareNumber, verifyNumber } from './number-steps.ts';
import { recordFailure, recordUndoFailure, releaseNumber } from './removal.ts';
import { chain, type Definition, failed } from './states.ts';
import { REGISTRATION_SECONDS, REMOVAL, STEADY, tasksOf } from './tasks.ts';

/**
 * Registers a WhatsApp number with Meta's Cloud API. What fails is undone.
 * @param functions `register` is the ARN of the function that takes the steps
 */
export function registerCloudNumber({ register }: { readonly register: string }): Definition {
  const number = tasksOf(register, STEADY, 'RecordFailure');
  const clearUp = tasksOf(register, REMOVAL);
  return chain("Registers a WhatsApp number with Meta's Cloud API.", REGISTRATION_SECONDS, [
    ...prepareNumber(number),
    ...verifyNumber(number, 'RegisterNumber'),
    number.task('RegisterNumber', 'Registers the number at Meta and protects it with a PIN.'),
    number.task('SubscribeApp', "Points the business account's webhook at this gateway."),
    number.task('SetProfile', 'Sets the business profile: about, address, photo.'),
    number.task('GoOnline', 'From now on the sender sends and receives.', { end: true }),
    nobodyGaveCode(),
    recordFailure(clearUp),
    releaseNumber(tasksOf(register, REMOVAL, 'RecordUndoFailure'), 'Undo', 'RegistrationFailed'),
    recordUndoFailure(clearUp),
    failed('RegistrationFailed', 'What was made is undone, and the sender says why; asking again starts clean.'),
  ]);
}
