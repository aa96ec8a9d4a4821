import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { queueCallback } from '../callbacks/queue-callback.ts';
import { requireChannel } from '../channels/load.ts';
import { Admission } from '../outbound/admission.ts';
import { expireInBacklog } from '../outbound/expire-in-backlog.ts';
import { BacklogReleaser } from '../outbound/release-backlog.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { sendTasks } from '../platform/queues.ts';
import { AbandonedBacklogStore } from '../platform/stores/abandoned-backlogs.ts';
import { ActivityStore } from '../platform/stores/activity.ts';
import { BacklogStore } from '../platform/stores/backlogs.ts';
import { MessageStore } from '../platform/stores/messages.ts';
import { ScheduleStore } from '../platform/stores/schedule.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { WindowStore } from '../platform/stores/windows.ts';
import type { DueDependencies } from './due-messages.ts';
import { AbandonedBacklogs } from './fail-abandoned.ts';
import { type SweepDependencies, type SweepReport, sweep } from './sweep.ts';

const environment = readEnvironment('TABLE_NAME', 'OUTBOUND_QUEUE_URL', 'CALLBACKS_QUEUE_URL');
const table = environment.TABLE_NAME;
const backlogs = new BacklogStore(table);
const schedule = new ScheduleStore(table);
const enqueue = sendTasks.bind(undefined, environment.OUTBOUND_QUEUE_URL);
const due: DueDependencies = {
  messages: new MessageStore(table),
  senders: new SenderStore(table),
  channel: requireChannel,
  announce: queueCallback(environment.CALLBACKS_QUEUE_URL),
  now: systemClock,
};
const dependencies: SweepDependencies = {
  ...due,
  messages: new MessageStore(table),
  activity: new ActivityStore(table),
  schedule,
  backlogs,
  placing: { windows: new WindowStore(table), admission: new Admission(backlogs, systemClock), backlogs },
  releaser: new BacklogReleaser({ backlogs, enqueue, now: systemClock }),
  abandonedBacklogs: new AbandonedBacklogs({ ...due, abandoned: new AbandonedBacklogStore(table) }),
  enqueue,
  expire: (placed) => expireInBacklog(placed, schedule),
  random: Math.random,
};

/** Every minute: keeps messages moving that nothing else moves. Fails, which raises this function's alarm, when it cannot. */
export const handler = middy(
  (_event: unknown, context: Context): Promise<SweepReport> =>
    sweep(() => context.getRemainingTimeInMillis(), dependencies),
);
