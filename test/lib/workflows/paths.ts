import type { DEFINITIONS } from './definitions.ts';
import { type Script, thrown } from './run.ts';

/** An error that is final, as a step throws it. */
export const refused = (problem: string) => thrown('RegistrationRefused', `${problem}\nDo something about it.`);
const waiting = (outcome: string) => ({ outcome, waitSeconds: 30 });

const PREPARE = ['ReserveSender', 'CheckBusinessAccess', 'AddPhoneNumber', 'SubmitTemplates'];
const VERIFY = ['RequestCode', 'CodeSent?', 'WaitForCode', 'CodeGiven?', 'VerifyCode', 'CodeAccepted?'];
const START = ['StartContainers', 'ContainersStarted?'];
const CHECK = ['CheckDevice', 'DeviceHealthy?'];
const CONNECT = ['SetShards', 'CheckConnected', 'Connected?'];
const REMOVE = [
  ...['StopContainers', 'CheckStopped', 'ContainersStopped?'],
  ...['EraseMedia', 'CheckErased', 'MediaErased?'],
  ...['DeleteMediaVolume', 'DropDatabase', 'ReleasePhoneNumber'],
];
export const UNDO = ['RecordFailure', ...REMOVE.map((name) => `Undo${name}`), 'RegistrationFailed'];
const TO_DEVICE = [
  ...[...PREPARE, 'CheckDisplayName', 'DisplayNameApproved?', 'FetchCertificate'],
  ...['CreateDeviceSecrets', 'CreateDatabase', 'CreateMediaVolume'],
];
const FINISH = ['SetTwoStepPin', 'ConfigureDevice', 'SetProfile', 'GoOnline'];

/** Everything goes well at the first try. */
export const WELL: Script = {
  CheckDisplayName: [{ outcome: 'approved' }],
  StartContainers: [{ outcome: 'started' }],
  TrimContainers: [{ outcome: 'started' }],
  RestoreContainers: [{ outcome: 'started' }],
  CheckDevice: [{ outcome: 'healthy' }],
  RequestCode: [{ outcome: 'sent' }],
  WaitForCode: [{ action: 'verify', code: '123456' }],
  VerifyCode: [{ outcome: 'accepted' }],
  CheckConnected: [{ outcome: 'connected' }],
  CheckStopped: [{ outcome: 'stopped' }],
  CheckErased: [{ outcome: 'erased' }],
  UndoCheckStopped: [{ outcome: 'stopped' }],
  UndoCheckErased: [{ outcome: 'erased' }],
  StopRegistration: [{ outcome: 'stopped' }],
  BeginUpdate: [{ outcome: 'containers' }],
};

export interface Path {
  title: string;
  machine: keyof typeof DEFINITIONS;
  script?: Script;
  path: string[];
  fails?: string;
}

/** The ways through the workflows that have to work. */
export const PATHS: Path[] = [
  {
    title: 'everything at the first try',
    machine: 'RegisterDevice',
    path: [...TO_DEVICE, ...START, ...CHECK, 'LogIn', ...VERIFY, ...CONNECT, ...FINISH],
  },
  {
    title: 'a review, slow containers and a slow connection',
    machine: 'RegisterDevice',
    script: {
      CheckDisplayName: [waiting('pending'), waiting('pending'), { outcome: 'approved' }],
      StartContainers: [waiting('starting'), { outcome: 'started' }],
      CheckDevice: [waiting('starting'), { outcome: 'healthy' }],
      CheckConnected: [waiting('connecting'), { outcome: 'connected' }],
    },
    path: [
      ...[...PREPARE, 'CheckDisplayName', 'DisplayNameApproved?'],
      ...['WaitForDisplayName', 'CheckDisplayName', 'DisplayNameApproved?'],
      ...['WaitForDisplayName', 'CheckDisplayName', 'DisplayNameApproved?', 'FetchCertificate'],
      ...['CreateDeviceSecrets', 'CreateDatabase', 'CreateMediaVolume'],
      ...[...START, 'WaitForContainers', ...START, ...CHECK, 'WaitForDevice', ...CHECK, 'LogIn', ...VERIFY],
      ...[...CONNECT, 'WaitForConnection', 'CheckConnected', 'Connected?', ...FINISH],
    ],
  },
  {
    title: 'a wrong code three times, then the right one',
    machine: 'RegisterDevice',
    script: { VerifyCode: [...Array(3).fill({ outcome: 'wrong' }), { outcome: 'accepted' }] },
    path: [
      ...[...TO_DEVICE, ...START, ...CHECK, 'LogIn', ...VERIFY],
      ...Array(3).fill(VERIFY.slice(2)).flat(),
      ...[...CONNECT, ...FINISH],
    ],
  },
  {
    title: 'another code asked for, then one that expired',
    machine: 'RegisterDevice',
    script: {
      WaitForCode: [
        { action: 'resend', method: 'voice' },
        { action: 'verify', code: '123456' },
      ],
      VerifyCode: [{ outcome: 'expired' }, { outcome: 'accepted' }],
    },
    path: [
      ...[...TO_DEVICE, ...START, ...CHECK, 'LogIn', ...VERIFY.slice(0, 4), ...VERIFY, ...VERIFY],
      ...[...CONNECT, ...FINISH],
    ],
  },
  {
    title: 'a number that is registered already',
    machine: 'RegisterDevice',
    script: { RequestCode: [{ outcome: 'already-registered' }] },
    path: [...TO_DEVICE, ...START, ...CHECK, 'LogIn', 'RequestCode', 'CodeSent?', ...CONNECT, ...FINISH],
  },
  {
    title: 'a display name that Meta declines',
    machine: 'RegisterDevice',
    script: { CheckDisplayName: [refused('The name was declined.')] },
    path: [...PREPARE, 'CheckDisplayName', ...UNDO],
    fails: 'The name was declined.',
  },
  {
    title: 'a device that never gets well, and removals that take a while',
    machine: 'RegisterDevice',
    script: {
      CheckDevice: [waiting('starting'), refused('The containers did not get well.')],
      UndoCheckStopped: [waiting('stopping'), { outcome: 'stopped' }],
      UndoCheckErased: [waiting('erasing'), { outcome: 'erased' }],
    },
    path: [
      ...[...TO_DEVICE, ...START, ...CHECK, 'WaitForDevice', 'CheckDevice', 'RecordFailure'],
      ...['UndoStopContainers', 'UndoCheckStopped', 'UndoContainersStopped?', 'UndoWaitForStop', 'UndoCheckStopped'],
      ...['UndoContainersStopped?', 'UndoEraseMedia', 'UndoCheckErased', 'UndoMediaErased?', 'UndoWaitForErasure'],
      ...['UndoCheckErased', 'UndoMediaErased?', ...UNDO.slice(7)],
    ],
    fails: 'The containers did not get well.',
  },
  {
    title: 'nobody who gives the code',
    machine: 'RegisterDevice',
    script: { WaitForCode: [thrown('States.Timeout', '')] },
    path: [...TO_DEVICE, ...START, ...CHECK, 'LogIn', ...VERIFY.slice(0, 3), 'NobodyGaveCode', ...UNDO],
    fails: 'Nobody gave the code within a day.',
  },
  {
    title: 'everything at the first try',
    machine: 'RegisterCloudNumber',
    path: [...PREPARE, ...VERIFY, 'RegisterNumber', 'SubscribeApp', 'SetProfile', 'GoOnline'],
  },
  {
    title: 'a PIN that Meta refuses',
    machine: 'RegisterCloudNumber',
    script: { RegisterNumber: [refused('The PIN is not the one of the number.')] },
    path: [...PREPARE, ...VERIFY, 'RegisterNumber', 'RecordFailure', 'UndoReleasePhoneNumber', 'RegistrationFailed'],
    fails: 'The PIN is not the one of the number.',
  },
  {
    title: 'another mode',
    machine: 'UpdateNumber',
    path: [
      ...['BeginUpdate', 'ContainersChange?', ...START, ...CHECK, ...CONNECT],
      ...['TrimContainers', 'ContainersTrimmed?', 'SetProfile', 'GoOnline'],
    ],
  },
  {
    title: 'a profile only',
    machine: 'UpdateNumber',
    script: { BeginUpdate: [{ outcome: 'settings' }] },
    path: ['BeginUpdate', 'ContainersChange?', 'SetProfile', 'GoOnline'],
  },
  {
    title: 'containers that do not connect and go back to what they were',
    machine: 'UpdateNumber',
    script: {
      CheckConnected: [refused('The shards did not connect.')],
      RestoreContainers: [waiting('starting'), { outcome: 'started' }],
    },
    path: [
      ...['BeginUpdate', 'ContainersChange?', ...START, ...CHECK, 'SetShards', 'CheckConnected', 'RecordDeviceFailure'],
      ...['RestoreContainers', 'ContainersRestored?', 'WaitForRestore', 'RestoreContainers', 'ContainersRestored?'],
      'UpdateFailed',
    ],
    fails: 'The shards did not connect.',
  },
  {
    title: 'a profile that cannot be set, which is no matter of containers',
    machine: 'UpdateNumber',
    script: { BeginUpdate: [{ outcome: 'settings' }], SetProfile: [refused('No.')] },
    path: ['BeginUpdate', 'ContainersChange?', 'SetProfile', 'RecordFailure', 'UpdateFailed'],
    fails: 'No.',
  },
  {
    title: 'a number on containers, in the middle of its registration',
    machine: 'RetireNumber',
    script: { StopRegistration: [waiting('stopping'), { outcome: 'stopped' }], Deregister: [{ outcome: 'device' }] },
    path: [
      ...['StopRegistration', 'RegistrationStopped?', 'WaitForRegistration', 'StopRegistration'],
      ...['RegistrationStopped?', 'Deregister', 'HasContainers?', ...REMOVE, 'DeleteSender'],
    ],
  },
  ...['cloud', 'none'].map(
    (outcome): Path => ({
      title: `a number without containers (${outcome})`,
      machine: 'RetireNumber',
      script: { Deregister: [{ outcome }] },
      path: [
        'StopRegistration',
        'RegistrationStopped?',
        'Deregister',
        'HasContainers?',
        'ReleasePhoneNumber',
        'DeleteSender',
      ],
    }),
  ),
];
