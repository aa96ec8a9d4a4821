import { randomBytes } from 'node:crypto';
import { StartError } from '../listen.ts';
import type { TaskDefinition } from './definitions.ts';
import { breaksCircuit, type Deployment, newDeployment } from './deployment.ts';
import type { ServiceDescription } from './service-input.ts';
import type { Task } from './task.ts';

/** A task that ran this long was all right, so the next crash counts as the first. */
const STEADY_MILLISECONDS = 60_000;
const KEPT_EVENTS = 100;

/** How soon a task that crashed is replaced: at first, then twice as long each time, up to the longest. */
export interface Restarts {
  firstMilliseconds: number;
  longestMilliseconds: number;
  /** How often in a row; ECS itself never tires. */
  limit: number;
}

export interface ServiceOptions {
  /** What people call its tasks. */
  label: string;
  description: ServiceDescription;
  definition: TaskDefinition;
  restarts: Restarts;
  /** Starts a task for a deployment. @param port what the task that it replaces listened on */
  startTask: (deployment: Deployment, port: number | undefined) => Task;
  /** Told when a task begins to serve, and when it no longer does. */
  onServing: (task: Task, serves: boolean) => void;
  /** Told in a sentence when a task crashes and what happens next. */
  onEvent: (sentence: string) => void;
  /** Told once when tasks have crashed too often and no more are started. */
  onGivenUp: (error: StartError) => void;
}

/** What a service knows of one of its tasks. */
interface Member {
  deployment: Deployment;
  serves: boolean;
  wasSteady: boolean;
}

/**
 * A service: keeps as many tasks running as it is told to, and replaces them when their definition changes, never with
 * fewer or more at a time than its deployment configuration says.
 */
export class Service {
  readonly arn: string;
  readonly name: string;
  readonly description: ServiceDescription;
  readonly createdAt = Date.now();
  readonly events: { id: string; createdAt: number; message: string }[] = [];
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE' = 'ACTIVE';
  desiredCount: number;
  deployments: Deployment[];
  readonly #options: ServiceOptions;
  readonly #tasks = new Map<Task, Member>();
  /** Ports of tasks that crashed: who takes their place takes their port. */
  readonly #freePorts: number[] = [];
  #lastCompleted: TaskDefinition | undefined;
  #failuresInARow = 0;
  #nextStart: NodeJS.Timeout | undefined;
  #isPlanned = false;
  #hasGivenUp = false;
  readonly #steady = Promise.withResolvers<void>();

  constructor(arn: string, options: ServiceOptions) {
    this.arn = arn;
    this.name = options.description.serviceName;
    this.description = options.description;
    this.desiredCount = options.description.desiredCount;
    this.#options = options;
    this.deployments = [newDeployment(options.definition)];
    this.#steady.promise.catch(() => {
      // Only who waits for it wants to know.
    });
    this.#plan();
  }

  /** Waits for the first deployment to be complete. @throws StartError when a task of it does not start */
  async untilSteady(): Promise<void> {
    await this.#steady.promise;
  }

  /** What is deployed or being deployed. */
  get primary(): Deployment {
    const [primary] = this.deployments;
    if (!primary) throw new Error(`The service ${this.name} has no deployment.`);
    return primary;
  }

  tasks(deployment?: Deployment): Task[] {
    return [...this.#tasks].filter(([, of]) => !deployment || of.deployment === deployment).map(([task]) => task);
  }

  /** Changes what should run. Another definition, or `force`, is a new deployment. */
  update(definition: TaskDefinition, desiredCount: number, force: boolean): void {
    this.desiredCount = desiredCount;
    this.#failuresInARow = 0;
    this.#hasGivenUp = false;
    if (force || definition !== this.primary.definition) this.#deploy(definition);
    this.#start();
  }

  /** Stops everything. It is `DRAINING` until the last task has stopped, then `INACTIVE`. */
  delete(): void {
    this.status = 'DRAINING';
    this.desiredCount = 0;
    this.#start();
  }

  /** Told of every change of a task's state. */
  taskChanged(task: Task): void {
    const member = this.#tasks.get(task);
    if (!member) return;
    const serves = task.isSteady && task.desiredStatus === 'RUNNING';
    if (serves !== member.serves) this.#options.onServing(task, serves);
    member.serves = serves;
    member.wasSteady ||= serves;
    if (task.lastStatus === 'STOPPED') {
      this.#tasks.delete(task);
      if (isUnexpected(task)) this.#taskFailed(task, member);
    }
    this.#plan();
  }

  /** Stops its tasks and starts no more, since the stack is stopping. */
  async stop(): Promise<void> {
    this.delete();
    await Promise.all(this.tasks().map((task) => task.stopped));
    clearTimeout(this.#nextStart);
  }

  #deploy(definition: TaskDefinition): void {
    for (const deployment of this.deployments) deployment.status = 'ACTIVE';
    this.deployments = [newDeployment(definition), ...this.deployments];
  }

  #taskFailed(task: Task, { deployment, wasSteady }: Member): void {
    const { label, restarts, onEvent, onGivenUp } = this.#options;
    const ran = Date.now() - (task.startedAt ?? Date.now());
    this.#failuresInARow = wasSteady && ran > STEADY_MILLISECONDS ? 1 : this.#failuresInARow + 1;
    this.#note(`(service ${this.name}) (task ${task.id}) stopped: ${task.stoppedReason}.`);
    if (wasSteady && task.port !== undefined) this.#freePorts.push(task.port);
    if (!wasSteady) {
      this.#steady.reject(new StartError(`The task ${label} did not start. ${task.stoppedReason}.`));
      deployment.failedTasks += 1;
      if (breaksCircuit(deployment, this.description, this.desiredCount)) {
        this.#fail(deployment);
        return;
      }
    }
    if (this.#failuresInARow > restarts.limit) {
      this.#hasGivenUp = true;
      const often = restarts.limit === 0 ? 'crashed' : `crashed ${this.#failuresInARow} times in a row, the last time`;
      onGivenUp(new StartError(`The task ${label} ${often} with ${task.end}.`));
      return;
    }
    const wait = Math.min(restarts.firstMilliseconds * 2 ** (this.#failuresInARow - 1), restarts.longestMilliseconds);
    onEvent(`The task ${label} crashed (${task.end}) and is started again in ${wait / 1000} s.`);
    this.#nextStart ??= setTimeout(() => this.#start(), wait);
  }

  #fail(deployment: Deployment): void {
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = 'ECS deployment circuit breaker: tasks failed to start.';
    deployment.updatedAt = Date.now();
    this.#note(`(service ${this.name}) (deployment ${deployment.id}) deployment failed: tasks failed to start.`);
    const { rollback } = this.description.deploymentConfiguration.deploymentCircuitBreaker;
    if (rollback && this.#lastCompleted && deployment === this.primary) {
      this.#note(`(service ${this.name}) rolling back to ${this.#lastCompleted.arn}.`);
      this.#deploy(this.#lastCompleted);
    }
  }

  #note(message: string): void {
    this.events.unshift({ id: randomBytes(8).toString('hex'), createdAt: Date.now(), message });
    if (this.events.length > KEPT_EVENTS) this.events.pop();
  }

  /** Goes on at once, without the pause after a failure. */
  #start(): void {
    clearTimeout(this.#nextStart);
    this.#nextStart = undefined;
    this.#plan();
  }

  /** Acts once for all changes of this moment. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#stopSurplus();
      this.#startMissing();
      this.#settle();
    });
  }

  #stopSurplus(): void {
    const { minimumHealthyPercent } = this.description.deploymentConfiguration;
    const wanted = this.tasks().filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    const isCurrent = (task: Task) => this.#tasks.get(task)?.deployment === this.primary;
    const end = (task: Task) => {
      void task.stop('ServiceSchedulerInitiated', `Scaling activity initiated by deployment ${this.primary.id}`);
    };
    wanted.filter(isCurrent).slice(this.desiredCount).forEach(end);
    const least = Math.ceil((this.desiredCount * minimumHealthyPercent) / 100);
    let healthy = wanted.filter(({ isSteady }) => isSteady).length;
    for (const task of wanted.filter((task) => !isCurrent(task))) {
      if (task.isSteady && healthy - 1 < least) continue;
      if (task.isSteady) healthy -= 1;
      end(task);
    }
  }

  #startMissing(): void {
    if (this.status !== 'ACTIVE' || this.#nextStart || this.#hasGivenUp) return;
    if (this.primary.rolloutState === 'FAILED') return;
    const { maximumPercent } = this.description.deploymentConfiguration;
    const most = Math.floor((this.desiredCount * maximumPercent) / 100);
    const current = this.tasks(this.primary).filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length;
    // A task that is still stopping is still there: with at most 100 % no two of one number ever run side by side.
    const count = Math.min(this.desiredCount - current, most - this.#tasks.size);
    for (let started = 0; started < count; started += 1) {
      const task = this.#options.startTask(this.primary, this.#freePorts.pop());
      this.#tasks.set(task, { deployment: this.primary, serves: false, wasSteady: false });
    }
  }

  #settle(): void {
    if (this.status === 'DRAINING' && this.#tasks.size === 0) this.status = 'INACTIVE';
    const tasks = this.tasks();
    const steady = this.tasks(this.primary).filter(({ isSteady }) => isSteady);
    if (steady.length !== this.desiredCount || tasks.length !== steady.length) return;
    this.deployments = [this.primary];
    if (this.primary.rolloutState !== 'IN_PROGRESS') return;
    this.primary.rolloutState = 'COMPLETED';
    this.primary.rolloutStateReason = `ECS deployment ${this.primary.id} completed.`;
    this.primary.updatedAt = Date.now();
    this.#lastCompleted = this.primary.definition;
    this.#note(`(service ${this.name}) has reached a steady state.`);
    this.#steady.resolve();
  }
}

/** Whether it ended without being asked to. */
function isUnexpected({ stopCode, stoppedReason = '' }: Task): boolean {
  return stopCode !== 'UserInitiated' && !stoppedReason.startsWith('Scaling activity');
}
