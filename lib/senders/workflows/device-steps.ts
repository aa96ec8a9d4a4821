import { choose, pause, type Step } from './states.ts';
import type { Tasks } from './tasks.ts';

/** Starts a device's containers and waits until they are well. Goes on to `next`. */
export function startDevice(containers: Tasks, device: Tasks, next: string): Step[] {
  return [
    ...startContainers(containers, {
      task: 'StartContainers',
      question: 'ContainersStarted?',
      wait: 'WaitForContainers',
      next: 'CheckDevice',
    }),
    device.task('CheckDevice', 'Asks the device for the health of its containers.'),
    choose('DeviceHealthy?', 'A device that does not get well in time has failed already.', {
      healthy: next,
      starting: 'WaitForDevice',
    }),
    pause('WaitForDevice', 'Containers open their databases before they are well.', 'CheckDevice'),
  ];
}

/** The names that a turn of starting containers has in one workflow. */
interface Start {
  readonly task: string;
  readonly question: string;
  readonly wait: string;
  readonly next: string;
}

/** Brings the containers to what the sender asks for, role by role; a workflow can do so more than once. */
export function startContainers(containers: Tasks, { task, question, wait, next }: Start): Step[] {
  return [
    containers.task('StartContainers', 'Brings the ECS service of each role to what is wanted: web, masters, core.', {
      name: task,
    }),
    choose(question, 'Roles follow one another, so that two containers never hold one session.', {
      started: next,
      starting: wait,
    }),
    pause(wait, 'Containers take a minute or two.', task),
  ];
}

/** Splits the number's contacts over its containers and waits for all connections to WhatsApp. Goes on to `next`. */
export function connectDevice(device: Tasks, next: string): Step[] {
  return [
    device.task('SetShards', 'Tells the device into how many shards to split its contacts; one, unless multiconnect.'),
    device.task('CheckConnected', 'Asks the device whether it is connected to WhatsApp.'),
    choose('Connected?', 'A device that does not connect in time has failed already.', {
      connected: next,
      connecting: 'WaitForConnection',
    }),
    pause('WaitForConnection', 'Connecting takes seconds; new shards take a minute or two.', 'CheckConnected'),
  ];
}
