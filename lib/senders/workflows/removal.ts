import { choose, pause, type Step } from './states.ts';
import type { Tasks } from './tasks.ts';

/**
 * Removes a device: its containers, media, names and database, each only when what needs it is gone. What was never made is skipped.
 * @param prefix of the states' names, where a workflow has steps of the same names
 */
export function removeDevice(containers: Tasks, prefix: '' | 'Undo'): Step[] {
  const named = (step: string) => `${prefix}${step}`;
  const task = (step: string, comment: string) => containers.task(step, comment, { name: named(step) });
  return [
    task('StopContainers', "Deletes the number's ECS services."),
    task('CheckStopped', 'Asks ECS whether its containers are gone, and removes their names and definitions.'),
    choose(named('ContainersStopped?'), 'They get two minutes to end what they are doing.', {
      stopped: named('EraseMedia'),
      stopping: named('WaitForStop'),
    }),
    pause(named('WaitForStop'), 'Containers take a minute or two to stop.', named('CheckStopped')),
    task('EraseMedia', "Starts a container that empties the number's media volume."),
    task('CheckErased', 'Asks ECS whether that container is done.'),
    choose(named('MediaErased?'), 'A volume can only be deleted when it is empty.', {
      erased: named('DeleteMediaVolume'),
      erasing: named('WaitForErasure'),
    }),
    pause(named('WaitForErasure'), 'Takes as long as starting a container.', named('CheckErased')),
    task('DeleteMediaVolume', 'Deletes the media volume, which is empty by now.'),
    task('DropDatabase', "Drops the number's databases and their user."),
  ];
}

/** Gives up what the gateway has at Meta. The number itself stays: Meta's API deletes none. */
export function releaseNumber(number: Tasks, prefix: '' | 'Undo', next?: string): Step {
  return number.task(
    'ReleasePhoneNumber',
    'Deregisters a Cloud number at Meta. The number itself stays in its business account.',
    {
      name: `${prefix}ReleasePhoneNumber`,
      ...(next && { next }),
    },
  );
}

/** What follows a failure of the undoing itself: the customer can read that something may be left. */
export function recordUndoFailure(register: Tasks): Step {
  return recordFailure(register, { name: 'RecordUndoFailure', next: 'RegistrationFailed' });
}

/** The first thing after a failure: the customer can read what went wrong while the rest is still being undone. */
export function recordFailure(register: Tasks, options: { readonly name?: string; readonly next?: string } = {}): Step {
  return register.task('RecordFailure', 'Tells the customer what went wrong and what to do about it.', {
    ...options,
    more: { 'error.$': '$.error' },
  });
}
