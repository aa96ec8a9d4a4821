import { releaseNumber, removeDevice } from './removal.ts';
import { chain, choose, type Definition, pause } from './states.ts';
import { MAINTENANCE_SECONDS, REMOVAL, tasksOf } from './tasks.ts';
import type { UpdateFunctions } from './update-number.ts';

/**
 * Removes a number and everything that belongs to it, however far its registration came. Every step can be repeated, so an execution that
 * failed can be redriven from where it stopped.
 */
export function retireNumber({ register, fleet }: UpdateFunctions): Definition {
  const number = tasksOf(register, REMOVAL);
  return chain('Removes a number and everything that belongs to it.', MAINTENANCE_SECONDS, [
    number.task('StopRegistration', 'Stops a registration or an update of this number that is under way.'),
    choose('RegistrationStopped?', 'What it does at this moment may still finish.', {
      stopped: 'Deregister',
      stopping: 'WaitForRegistration',
    }),
    pause('WaitForRegistration', 'Takes seconds.', 'StopRegistration'),
    number.task('Deregister', 'Switches the webhook off and logs out, as far as the other side answers.'),
    ...(fleet === undefined
      ? []
      : [
          choose('HasContainers?', 'Only a number on containers has something to remove on AWS.', {
            device: 'StopContainers',
            cloud: 'ReleasePhoneNumber',
            none: 'ReleasePhoneNumber',
          }),
          ...removeDevice(tasksOf(fleet, REMOVAL), ''),
        ]),
    releaseNumber(number, ''),
    number.task('DeleteSender', 'Deletes secrets, records and the sender; its address is free from now on.', {
      end: true,
    }),
  ]);
}
