import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Registration, registrationSchema } from '../../../lambdas/domain/registration.ts';
import { registrationKey } from '../../../lambdas/platform/table.ts';
import { CREDENTIALS, REGION } from '../../../local/aws.ts';
import type { LocalStack } from '../../../local/stack.ts';
import type { Execution, StateEvent } from '../../../local/step-functions/execution.ts';
import type { StateListener } from '../../../local/step-functions/machines.ts';

/** An execution as journeys look at it. */
export interface ShownExecution {
  /** The construct id of its state machine: `RegisterDevice`. */
  machine: string;
  status: string;
  /** Names of the states, in the order in which they were entered. */
  states: string[];
  /** Names of the states of which an attempt failed and was made again. */
  retried: string[];
  error: string | undefined;
  cause: string | undefined;
}

/** What journeys of numbers do with the local stack that no customer could. */
export class NumberActions {
  readonly #watchers = new Set<() => void>();
  readonly #machines = new Map<Execution, string>();
  readonly #stack: () => LocalStack;
  #client: DynamoDBDocumentClient | undefined;
  #table: string | undefined;

  /** @param stack asked for when the first action comes; it is given `onState` when it is started */
  constructor(stack: () => LocalStack) {
    this.#stack = stack;
  }

  stop(): void {
    this.#client?.destroy();
  }

  /** To be told of every state. */
  readonly onState: StateListener = (path, execution, _event: StateEvent) => {
    if (!this.#machines.has(execution)) void execution.over.then(() => this.#look());
    this.#machines.set(execution, path.split('/').at(-1) ?? path);
    this.#look();
  };

  #look(): void {
    for (const look of this.#watchers) look();
  }

  executions(senderSid: string): ShownExecution[] {
    return this.#executionsOf(senderSid).map((execution) => ({
      machine: this.#machines.get(execution) ?? '',
      status: execution.status,
      states: execution.states,
      retried: execution.events.filter(({ event }) => event === 'retried').map(({ state }) => state),
      error: execution.error,
      cause: execution.cause,
    }));
  }

  /** Resolves once an execution of the sender has entered a state so many times. @throws when the last one ends without */
  async reached(senderSid: string, state: string, times = 1): Promise<void> {
    const count = () =>
      this.#executionsOf(senderSid)
        .flatMap(({ states }) => states)
        .filter((name) => name === state).length;
    await this.#until(senderSid, () => count() >= times, `${state} was not reached (${times}×)`);
  }

  /** Resolves once the sender's last execution is over. */
  async over(senderSid: string): Promise<ShownExecution | undefined> {
    const execution = this.#executionsOf(senderSid).at(-1);
    await execution?.over;
    return this.executions(senderSid).at(-1);
  }

  /**
   * Kills a function while it does a step of the sender's registration, for one step after the other.
   * @returns for each whether it was in the middle of it, so that the step had to be tried again
   */
  async killDuring(senderSid: string, steps: readonly { state: string; name: string }[]): Promise<boolean[]> {
    const killed: boolean[] = [];
    for (const { state, name } of steps) {
      const saw = (...kinds: StateEvent['event'][]) =>
        this.#executionsOf(senderSid).some(({ events }) =>
          events.some((entry) => entry.state === state && kinds.includes(entry.event)),
        );
      await this.reached(senderSid, state);
      // The function notes down what it is at before it does anything else.
      while ((await this.#record(senderSid)).step !== state && !saw('exited'));
      this.#stack().functions.kill(name);
      await this.#until(senderSid, () => saw('exited', 'retried'), `${state} did not end`);
      killed.push(saw('retried'));
    }
    return killed;
  }

  /** The time for the code is up. */
  timeOut(senderSid: string): void {
    this.#executionsOf(senderSid).at(-1)?.timeOut();
  }

  /** Lets time pass for the sender's registration: what it has waited for, it has waited for so much longer. */
  async age(senderSid: string, milliseconds: number): Promise<void> {
    const { stepStartedAt, code } = await this.#record(senderSid);
    const earlier = (time: string) => new Date(Date.parse(time) - milliseconds).toISOString();
    const update = new UpdateCommand({
      TableName: await this.#tableName(),
      Key: registrationKey(senderSid),
      UpdateExpression: `SET stepStartedAt = :started${code ? ', code.requestedAt = :requested' : ''}`,
      ExpressionAttributeValues: {
        ':started': earlier(stepStartedAt),
        ...(code && { ':requested': earlier(code.requestedAt) }),
      },
    });
    await this.#dynamo().send(update);
  }

  /** Somebody changes how many containers a service should have, past the gateway. */
  async scale(service: string, desiredCount: number): Promise<void> {
    const client = new ECSClient(this.#at('ecs'));
    const [, cluster] =
      this.#stack()
        .fleet.tasks()
        .find((task) => task.service === service)
        ?.arn.split('/') ?? [];
    await client.send(new UpdateServiceCommand({ cluster, service, desiredCount }));
    client.destroy();
  }

  async #record(senderSid: string): Promise<Registration> {
    const get = new GetCommand({
      TableName: await this.#tableName(),
      Key: registrationKey(senderSid),
      ConsistentRead: true,
    });
    return registrationSchema.parse((await this.#dynamo().send(get)).Item);
  }

  async #tableName(): Promise<string> {
    this.#table ??= (await this.#dynamo().send(new ListTablesCommand())).TableNames?.[0];
    return this.#table ?? '';
  }

  #dynamo(): DynamoDBDocumentClient {
    this.#client ??= DynamoDBDocumentClient.from(new DynamoDBClient(this.#at('dynamodb')));
    return this.#client;
  }

  #at(service: 'dynamodb' | 'ecs') {
    return { endpoint: this.#stack().endpoints[service], region: REGION, credentials: CREDENTIALS };
  }

  #executionsOf(senderSid: string): Execution[] {
    return this.#stack()
      .executions()
      .filter(({ name }) => name.startsWith(senderSid));
  }

  async #until(senderSid: string, isSo: () => boolean, otherwise: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      const last = this.#executionsOf(senderSid).at(-1);
      if (isSo()) resolve();
      else if (last && last.status !== 'RUNNING') {
        reject(new Error(`${otherwise}: ${last.status} ${last.error} ${last.cause}, after ${last.states.join(' ')}`));
      }
    };
    this.#watchers.add(look);
    try {
      look();
      await promise;
    } finally {
      this.#watchers.delete(look);
    }
  }
}
