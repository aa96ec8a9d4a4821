import { beginUpdate, goOnline, reserveSender } from './begin-and-end.ts';
import { addPhoneNumber, checkBusinessAccess, submitTemplates } from './business-account.ts';
import { requestCode, verifyCode, waitForCode } from './code.ts';
import { configureDevice, subscribeApp } from './connect-channel.ts';
import { checkConnected, setShards, setTwoStepPin } from './device-connection.ts';
import { createDeviceSecrets } from './device-secrets.ts';
import { checkDevice, logIn } from './device-start.ts';
import { checkDisplayName, fetchCertificate } from './display-name.ts';
import type { Step } from './job.ts';
import { recordFailure } from './record-failure.ts';
import { registerCloudNumber } from './register-number.ts';
import { deleteSender, deregister, releasePhoneNumber, stopRegistration } from './removal.ts';
import { setProfile } from './set-profile.ts';

/** Asks which step failed, and so does not record itself as one. */
export const FAILURE_STEP = 'RecordFailure';

/** Removes what tells it that it may run. */
export const LAST_STEP = 'DeleteSender';

/** What each state does, by the names of the state machines' states and in their order. Containers are the fleet's. */
export const STEPS: ReadonlyMap<string, Step> = new Map<string, Step>([
  ['ReserveSender', reserveSender],
  ['BeginUpdate', beginUpdate],
  ['CheckBusinessAccess', checkBusinessAccess],
  ['AddPhoneNumber', addPhoneNumber],
  ['SubmitTemplates', submitTemplates],
  ['CheckDisplayName', checkDisplayName],
  ['FetchCertificate', fetchCertificate],
  ['CreateDeviceSecrets', createDeviceSecrets],
  ['CheckDevice', checkDevice],
  ['LogIn', logIn],
  ['RequestCode', requestCode],
  ['WaitForCode', waitForCode],
  ['VerifyCode', verifyCode],
  ['SetShards', setShards],
  ['CheckConnected', checkConnected],
  ['SetTwoStepPin', setTwoStepPin],
  ['ConfigureDevice', configureDevice],
  ['RegisterNumber', registerCloudNumber],
  ['SubscribeApp', subscribeApp],
  ['SetProfile', setProfile],
  ['GoOnline', goOnline],
  // When something failed, or the sender is deleted.
  [FAILURE_STEP, recordFailure],
  ['StopRegistration', stopRegistration],
  ['Deregister', deregister],
  ['ReleasePhoneNumber', releasePhoneNumber],
  [LAST_STEP, deleteSender],
]);
