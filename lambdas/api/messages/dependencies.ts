import { Admission } from '../../outbound/admission.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Environment } from '../../platform/environment.ts';
import { sendTask } from '../../platform/queues.ts';
import { ActivityStore } from '../../platform/stores/activity.ts';
import { BacklogStore } from '../../platform/stores/backlogs.ts';
import { IdempotencyStore } from '../../platform/stores/idempotency.ts';
import { MessageStore } from '../../platform/stores/messages.ts';
import { ScheduleStore } from '../../platform/stores/schedule.ts';
import { SenderStore } from '../../platform/stores/senders.ts';
import { WindowStore } from '../../platform/stores/windows.ts';
import { allChannels } from '../channels.ts';

/** What accepting a message needs, the same for requests and for answers to webhooks. */
export function acceptDependencies(environment: Environment<'TABLE_NAME' | 'OUTBOUND_QUEUE_URL'>) {
  const table = environment.TABLE_NAME;
  const backlogs = new BacklogStore(table);
  return {
    messages: new MessageStore(table),
    senders: new SenderStore(table),
    idempotency: new IdempotencyStore(table),
    schedule: new ScheduleStore(table),
    windows: new WindowStore(table),
    activity: new ActivityStore(table),
    backlogs,
    admission: new Admission(backlogs, systemClock),
    channels: allChannels,
    enqueue: sendTask.bind(undefined, environment.OUTBOUND_QUEUE_URL),
    now: systemClock,
  };
}
