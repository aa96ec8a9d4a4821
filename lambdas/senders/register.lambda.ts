import { requireChannel } from '../channels/load.ts';
import { SessionKeeper } from '../maintenance/session-keeper.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send, sendForBytes } from '../platform/http.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { executionStatus, stopExecution } from '../platform/state-machines.ts';
import { DeviceStore } from '../platform/stores/devices.ts';
import { RegistrationStore } from '../platform/stores/registrations.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { SessionStore } from '../platform/stores/sessions.ts';
import { type StepDependencies, type StepResult, stepEventSchema } from './registration/job.ts';
import { runStep } from './registration/run-step.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'SENDER_SECRET_PREFIX',
  'ALLOW_LOOPBACK_URLS',
  'GATEWAY_URL',
  'WEBHOOK_URL',
);
const table = environment.TABLE_NAME;
const secrets = new SenderSecrets(environment.SENDER_SECRET_PREFIX);
const sessions = new SessionStore(table);
const policy = { allowLoopback: environment.ALLOW_LOOPBACK_URLS };
const dependencies: StepDependencies = {
  senders: () => new SenderStore(table),
  registrations: new RegistrationStore(table),
  devices: new DeviceStore(table),
  secrets,
  keeper: new SessionKeeper({ secrets, sessions, send, ...policy }),
  sessions,
  executions: { stop: stopExecution, status: executionStatus },
  channel: requireChannel,
  send,
  sendForBytes,
  policy,
  webhookBaseUrl: environment.WEBHOOK_URL ?? environment.GATEWAY_URL,
  now: systemClock,
};

/** One step of the state machines that register, update and remove numbers. What it throws, they repeat or record. */
export async function handler(event: unknown): Promise<StepResult> {
  return runStep(stepEventSchema.parse(event), dependencies);
}
