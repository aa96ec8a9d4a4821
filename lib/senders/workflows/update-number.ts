import { connectDevice, startContainers, startDevice } from './device-steps.ts';
import { recordFailure } from './removal.ts';
import { chain, choose, type Definition, failed, type Step } from './states.ts';
import { CONTAINERS, MAINTENANCE_SECONDS, REMOVAL, STEADY, tasksOf } from './tasks.ts';

export interface UpdateFunctions {
  /** The ARN of the function that takes the steps at Meta and at the device. */
  readonly register: string;
  /** The ARN of the function that makes and removes containers. Default: this gateway runs none. */
  readonly fleet?: string | undefined;
}

/**
 * Changes a registered number: its profile, and, where it has containers, mode and shards. Containers that cannot be changed go back to
 * what they were.
 */
export function updateNumber({ register, fleet }: UpdateFunctions): Definition {
  const number = tasksOf(register, STEADY, 'RecordFailure');
  const clearUp = tasksOf(register, REMOVAL);
  return chain('Changes a registered number.', MAINTENANCE_SECONDS, [
    number.task('BeginUpdate', 'Submits a new display name to Meta and finds out whether containers are to change.'),
    ...(fleet === undefined ? [] : changeContainers(register, fleet)),
    number.task('SetProfile', 'Sets the business profile: about, address, photo.'),
    number.task('GoOnline', 'The change is done.', { end: true }),
    ...(fleet === undefined
      ? []
      : [recordFailure(clearUp, { name: 'RecordDeviceFailure' }), ...restoreContainers(fleet)]),
    recordFailure(clearUp, { next: 'UpdateFailed' }),
    failed('UpdateFailed', 'The number is as it was; its sender says why.'),
  ]);
}

/**
 * More containers come before the shards that need them, and surplus ones go after: so at every moment there are as many as the shards in
 * force need.
 */
function changeContainers(register: string, fleet: string): Step[] {
  const device = tasksOf(register, STEADY, 'RecordDeviceFailure');
  const containers = tasksOf(fleet, CONTAINERS, 'RecordDeviceFailure');
  return [
    choose('ContainersChange?', 'Another mode or number of shards needs other containers.', {
      containers: 'StartContainers',
      settings: 'SetProfile',
    }),
    ...startDevice(containers, device, 'SetShards'),
    ...connectDevice(device, 'TrimContainers'),
    ...startContainers(containers, {
      task: 'TrimContainers',
      question: 'ContainersTrimmed?',
      wait: 'WaitForTrim',
      next: 'SetProfile',
    }),
  ];
}

function restoreContainers(fleet: string): Step[] {
  return startContainers(tasksOf(fleet, REMOVAL), {
    task: 'RestoreContainers',
    question: 'ContainersRestored?',
    wait: 'WaitForRestore',
    next: 'UpdateFailed',
  });
}
