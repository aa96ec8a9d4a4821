import * as z from 'zod';
import type { Channel, HttpAnswer, SenderContext } from '../../channels/types.ts';
import { type Registration, verificationMethodSchema } from '../../domain/registration.ts';
import { SENDER_STATUSES, type Sender, type SenderSecret } from '../../domain/sender.ts';
import type { AddressPolicy } from '../../domain/url-policy.ts';
import type { SessionKeeper } from '../../maintenance/session-keeper.ts';
import { type Clock, toIso } from '../../platform/clock.ts';
import type { BinaryAnswer, OutgoingRequest, SendOptions } from '../../platform/http.ts';
import type { SenderSecrets } from '../../platform/sender-secrets.ts';
import type { DeviceStore } from '../../platform/stores/devices.ts';
import type { RegistrationChanges, RegistrationStore } from '../../platform/stores/registrations.ts';
import type { SenderStore } from '../../platform/stores/senders.ts';
import type { SessionStore } from '../../platform/stores/sessions.ts';
import { Superseded } from './errors.ts';

/** What a state machine gives the function; `step` is the state's name without the `Undo` of those that undo. */
export const stepEventSchema = z.object({
  step: z.string(),
  accountSid: z.string(),
  senderSid: z.string(),
  executionArn: z.string(),
  /** Only where the state waits until somebody answers. */
  taskToken: z.string().optional(),
  /** Only where a code is sent again. */
  method: verificationMethodSchema.optional(),
  /** Only where a code is tried. */
  code: z.string().optional(),
  /** Only where a failure is recorded. */
  error: z.object({ Error: z.string().default(''), Cause: z.string().default('') }).optional(),
});
export type StepEvent = z.infer<typeof stepEventSchema>;

/** What a step answers: the word that the machine's next choice goes by, and how long to wait where it waits. */
export interface StepResult {
  outcome: string;
  waitSeconds?: number;
}

export const DONE: StepResult = { outcome: 'done' };

export type Step = (job: Job) => Promise<StepResult>;

/** A sender that is being removed must not come back because a step of its registration ended late. */
const NOT_DELETING = SENDER_STATUSES.filter((status) => status !== 'DELETING');

export interface StepDependencies {
  /** A store that remembers nothing from earlier steps. */
  senders(): Pick<SenderStore, 'get' | 'change' | 'remove'>;
  registrations: Pick<RegistrationStore, 'get' | 'update' | 'remove'>;
  devices: Pick<DeviceStore, 'get' | 'update'>;
  secrets: Pick<SenderSecrets, 'get' | 'put' | 'remove'>;
  /** Renew the sessions of senders that are online. */
  keeper: Pick<SessionKeeper, 'schedule'>;
  sessions: Pick<SessionStore, 'remove'>;
  executions: { stop(arn: string, cause: string): Promise<void>; status(arn: string): Promise<string | undefined> };
  /** Throws where there is no such channel any more. */
  channel(name: string): Channel;
  send(request: OutgoingRequest, options: SendOptions): Promise<HttpAnswer>;
  sendForBytes(request: OutgoingRequest, options: SendOptions): Promise<BinaryAnswer>;
  /** Of the customer's URLs, and of the Graph API's. */
  policy: AddressPolicy;
  /** Where channels call the gateway, without a slash at its end. */
  webhookBaseUrl: string;
  now: Clock;
}

/** One step's view of the number that it works on. Every change is written at once, and only while the execution acts for it. */
export class Job {
  readonly event: StepEvent;
  readonly dependencies: StepDependencies;
  /** Whether this step ran before and no other one since: it may have been cut off anywhere. */
  readonly isRepeat: boolean;
  readonly #senders: ReturnType<StepDependencies['senders']>;
  #record: Registration;
  #sender: Sender;
  #secret: SenderSecret | undefined;

  constructor(
    event: StepEvent,
    entered: { record: Registration; isRepeat: boolean },
    sender: Sender,
    senders: ReturnType<StepDependencies['senders']>,
    dependencies: StepDependencies,
  ) {
    this.event = event;
    this.dependencies = dependencies;
    this.isRepeat = entered.isRepeat;
    this.#senders = senders;
    this.#record = entered.record;
    this.#sender = sender;
  }

  get record(): Registration {
    return this.#record;
  }

  get sender(): Sender {
    return this.#sender;
  }

  get now(): number {
    return this.dependencies.now();
  }

  /** Milliseconds since this step was entered; what waits in it does not begin anew with every look. */
  get age(): number {
    return this.now - Date.parse(this.#record.stepStartedAt);
  }

  get channel(): Channel {
    return this.dependencies.channel(this.#sender.channel);
  }

  /** What the channel's expressions see of the sender. */
  async context(): Promise<SenderContext> {
    const { address, fields } = this.#sender;
    return { address, fields, secrets: (await this.secret()).secrets };
  }

  /** The sender's secrets as they are stored now. */
  async secret(): Promise<SenderSecret> {
    this.#secret ??= await this.dependencies.secrets.get(this.#sender.secretId, { fresh: true });
    return this.#secret;
  }

  /** Stores the secrets, unless they are what they were: Secrets Manager keeps only so many versions. */
  async changeSecret(changes: Partial<SenderSecret>): Promise<SenderSecret> {
    const before = await this.secret();
    const changed = { ...before, ...changes };
    if (JSON.stringify(changed) !== JSON.stringify(before)) {
      await this.dependencies.secrets.put(this.#sender.secretId, changed);
      this.#secret = changed;
    }
    return changed;
  }

  /** Throws `Superseded` once another execution acts for the sender. */
  async changeRecord(changes: RegistrationChanges): Promise<void> {
    const { senderSid, executionArn } = this.event;
    const written = await this.dependencies.registrations.update(senderSid, changes, { onlyIfExecution: executionArn });
    if (!written) throw new Superseded();
    this.#record = written;
  }

  /** Throws `Superseded` when the sender is gone or is being removed. */
  async changeSender(changes: Partial<Omit<Sender, 'sid' | 'accountSid' | 'channel' | 'address'>>): Promise<void> {
    const written = { ...changes, dateUpdated: toIso(this.now) };
    const changed = await this.#senders.change(this.#sender, written, NOT_DELETING);
    if (!changed) throw new Superseded();
    this.#sender = changed;
  }

  /** Adds to the sender's fields; writes only what is new. */
  async addFields(fields: Record<string, string>): Promise<void> {
    const before = this.#sender.fields;
    if (Object.entries(fields).every(([name, value]) => before[name] === value)) return;
    await this.changeSender({ fields: { ...before, ...fields } });
  }

  /** Removes the sender and, last of all, its claim on the address. */
  async removeSender(): Promise<void> {
    await this.#senders.remove(this.#sender);
  }
}
