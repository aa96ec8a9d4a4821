import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import type { Registration, Workflow } from '../../../lambdas/domain/registration.ts';
import type { Sender, SenderSecret } from '../../../lambdas/domain/sender.ts';
import { RegistrationRefused } from '../../../lambdas/senders/registration/errors.ts';
import type { StepDependencies, StepEvent, StepResult } from '../../../lambdas/senders/registration/job.ts';
import { ROOT_ACCOUNT_SID, startAws, type TestAws } from '../../support/aws.ts';
import { bundleChannels } from '../../support/channels.ts';
import type { Provider } from '../../support/provider.ts';

/** What a step's run leaves: everything that is kept of the number. */
export interface Kept {
  sender: Sender | undefined;
  record: Registration | undefined;
  secret: SenderSecret | undefined;
}

/** One number with its record, and its steps one by one. */
export interface TestNumber {
  sid: string;
  address: string;
  /** Runs a step, as its state machine would. */
  run(step: string, given?: Partial<StepEvent>): Promise<StepResult>;
  kept(): Promise<Kept>;
  /** What the table's record is changed to, from outside. */
  change(changes: Partial<Registration>): Promise<void>;
  changeSender(changes: Partial<Sender>): Promise<void>;
  changeSecret(changes: Partial<SenderSecret>): Promise<void>;
}

export interface Bench {
  aws: TestAws;
  /** The steps' dependencies: to be replaced one by one by a test that wants other ones. */
  dependencies: StepDependencies;
  /** What time the steps think it is, ms since the epoch. */
  clock: { now: number };
  /** @param given `address`: a new one if not given */
  number(given: {
    workflow: Workflow;
    address?: string;
    fields?: Record<string, string>;
    secret?: Partial<SenderSecret>;
  }): Promise<TestNumber>;
  stop(): Promise<void>;
}

export const EXECUTION = 'arn:aws:states:us-east-1:000000000000:execution:Register:1';
let nextNumber = 15_550_100_000;

/** DynamoDB and Secrets Manager in this process, and the steps on top of them. */
export async function startBench(): Promise<Bench> {
  const aws = await startAws();
  const directory = bundleChannels();
  const webhook = await startEcho();
  process.env['GATEWAY_URL'] = webhook.url;
  // What reads the environment comes after it is set.
  const [
    { SenderStore },
    { RegistrationStore },
    { DeviceStore },
    { SessionStore },
    { SenderSecrets },
    { SessionKeeper },
    http,
    channels,
    { runStep },
  ] = await Promise.all([
    import('../../../lambdas/platform/stores/senders.ts'),
    import('../../../lambdas/platform/stores/registrations.ts'),
    import('../../../lambdas/platform/stores/devices.ts'),
    import('../../../lambdas/platform/stores/sessions.ts'),
    import('../../../lambdas/platform/sender-secrets.ts'),
    import('../../../lambdas/maintenance/session-keeper.ts'),
    import('../../../lambdas/platform/http.ts'),
    import('../../../lambdas/channels/load.ts'),
    import('../../../lambdas/senders/registration/run-step.ts'),
  ]);
  const table = String(process.env['TABLE_NAME']);
  const clock = { now: Date.now() };
  const registrations = new RegistrationStore(table);
  const secrets = new SenderSecrets('senders/');
  const sessions = new SessionStore(table);
  const dependencies: StepDependencies = {
    senders: () => new SenderStore(table),
    registrations,
    devices: new DeviceStore(table),
    secrets,
    keeper: new SessionKeeper({ secrets, sessions, send: http.send, allowLoopback: true }),
    sessions,
    executions: { stop: async () => {}, status: async () => undefined },
    channel: channels.requireChannel,
    send: http.send,
    sendForBytes: http.sendForBytes,
    policy: { allowLoopback: true },
    webhookBaseUrl: webhook.url,
    now: () => clock.now,
  };

  const bench: Bench = {
    aws,
    dependencies,
    clock,
    async number({ workflow, address = String(nextNumber + 1), fields = {}, secret = {} }) {
      nextNumber += 1;
      const sid = `XE${createHash('md5').update(String(nextNumber)).digest('hex')}`;
      const at = new Date(clock.now).toISOString();
      const sender: Sender = {
        sid,
        accountSid: ROOT_ACCOUNT_SID,
        channel: workflow === 'device' ? 'whatsapp' : 'whatsapp-cloud',
        address,
        status: 'CREATING',
        workflow,
        fields: { wabaId: '1000000001', ...fields },
        secretId: `senders/${sid}`,
        webhookSecretHash: 'hash',
        webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
        profileName: 'Shop',
        dateCreated: at,
        dateUpdated: at,
      };
      const record: Registration = {
        accountSid: ROOT_ACCOUNT_SID,
        senderSid: sid,
        workflow,
        attempt: 1,
        executionArn: EXECUTION,
        state: 'running',
        step: 'ReserveSender',
        stepStartedAt: at,
        startedAt: at,
      };
      const senders = new SenderStore(table);
      await senders.create(sender);
      await registrations.put(record);
      await secrets.create(sender.secretId, {
        webhookSecret: 'webhook-secret',
        ...secret,
        secrets: { accessToken: 'sandbox-access-token', ...secret.secrets },
      });
      const read = () => new SenderStore(table).get(ROOT_ACCOUNT_SID, sid);
      return {
        sid,
        address,
        run: (step, given = {}) =>
          runStep(
            { step, accountSid: ROOT_ACCOUNT_SID, senderSid: sid, executionArn: EXECUTION, ...given },
            bench.dependencies,
          ),
        async kept() {
          const now = await registrations.get(sid);
          const stored = await secrets.get(sender.secretId, { fresh: true }).catch(() => undefined);
          return { sender: await read(), record: now, secret: stored };
        },
        async change(changes) {
          const before = await registrations.get(sid);
          await registrations.put({ ...record, ...before, ...changes }, before);
        },
        async changeSender(changes) {
          await senders.update({ ...sender, ...(await read()), ...changes });
        },
        async changeSecret(changes) {
          await secrets.put(sender.secretId, { ...(await secrets.get(sender.secretId, { fresh: true })), ...changes });
        },
      };
    },
    async stop() {
      rmSync(directory, { recursive: true });
      await Promise.all([aws.stop(), webhook.stop()]);
    },
  };
  return bench;
}

/** Where Meta looks whether a webhook is there: whoever asks with a challenge gets it back. */
async function startEcho(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://webhook');
    response.end(searchParams.get('hub.challenge') ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks a simulator's control API. */
export async function control<T = Record<string, unknown>>(
  simulatorUrl: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(`${simulatorUrl}/control/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/** What a run throws; undefined when it does not. */
export function failure(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** A run must be refused for good, with a problem and an action that say this together. */
export async function expectRefusal(run: Promise<unknown>, says: RegExp): Promise<void> {
  const error = await failure(run);
  expect(error).toBeInstanceOf(RegistrationRefused);
  const [problem = '', action = ''] = (error as Error).message.split('\n');
  expect(`${problem} ${action}`).toMatch(says);
  expect(action).not.toBe('');
}

/** The requests that a scripted server has had: `POST /v25.0/6`. */
export const pathsOf = ({ url, requests }: Provider): string[] =>
  requests.map(({ method, path }) => `${method} ${new URL(path, url).pathname}`);
