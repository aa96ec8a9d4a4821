import { randomUUID } from 'node:crypto';
import { freePort } from '../listen.ts';
import { taskArn } from './arns.ts';
import { ContainerProcess } from './child-process.ts';
import type { Tags, TaskDefinition } from './definitions.ts';
import type { Program } from './program.ts';

/** Patience with a container that has no health check of its own. */
const DEFAULT_PATIENCE_MILLISECONDS = 15_000;

export interface TaskOptions {
  cluster: string;
  definition: TaskDefinition;
  /** `service:<name>` or `family:<name>`. */
  group: string;
  startedBy: string;
  tags: Tags;
  /** Whether it counts only once it answers `GET /`, as a service's does. */
  isProbed: boolean;
  /** A port to take; any free one otherwise. */
  port?: number | undefined;
  /** Finds the program, its secrets and its volumes. Its errors end the task before it runs. */
  prepare: () => Promise<Program>;
  onLog: (line: string) => void;
  /** Told after every change of its state. */
  onChange: (task: Task) => void;
}

/** Why a task stopped, in the API's words. */
export type StopCode = 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated' | 'ServiceSchedulerInitiated';

/** A task: one container's process, from its start to its end. It is never started again; a service starts another. */
export class Task {
  readonly id = randomUUID().replaceAll('-', '');
  readonly arn: string;
  readonly options: TaskOptions;
  readonly createdAt = Date.now();
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPING' | 'STOPPED' = 'PENDING';
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING';
  /** Whether it has answered `GET /`. */
  isHealthy = false;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  stopCode: StopCode | undefined;
  stoppedReason: string | undefined;
  exitCode: number | undefined;
  /** How its process ended: `exit code 1`, `signal SIGKILL`. */
  end = 'no process';
  port: number | undefined;
  /** Resolves once it has stopped. */
  readonly stopped: Promise<void>;
  readonly #stopped = Promise.withResolvers<void>();
  #process: ContainerProcess | undefined;

  constructor(options: TaskOptions) {
    this.options = options;
    this.arn = taskArn(options.cluster, this.id);
    this.stopped = this.#stopped.promise;
    void this.#run();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Base URL of what it listens on; undefined before it runs. */
  get url(): string | undefined {
    return this.#process?.url;
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#process?.environment ?? {};
  }

  /** Whether it does what it was started for, as far as its service can tell. */
  get isSteady(): boolean {
    return this.lastStatus === 'RUNNING' && (this.isHealthy || !this.options.isProbed);
  }

  /** Stops it for a reason; the first reason stays. Resolves once it has stopped. */
  async stop(stopCode: StopCode, reason: string): Promise<void> {
    if (this.desiredStatus === 'RUNNING') {
      this.#becomeStopping(stopCode, reason);
      await this.#process?.stop();
    }
    await this.stopped;
  }

  /** What running out of memory would do to it. */
  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  async #run(): Promise<void> {
    try {
      const program = await this.options.prepare();
      this.port = this.options.port ?? (await freePort());
      if (this.desiredStatus === 'STOPPED') return this.#becomeStopped();
      this.#process = new ContainerProcess(program, this.port, this.options.onLog);
    } catch (error) {
      this.#becomeStopping('TaskFailedToStart', error instanceof Error ? error.message : String(error));
      return this.#becomeStopped();
    }
    this.lastStatus = 'RUNNING';
    this.startedAt = Date.now();
    this.options.onChange(this);
    void this.#process.ended.then((end) => {
      this.exitCode = end.exitCode;
      this.end = end.description;
      this.#becomeStopping('EssentialContainerExited', `Essential container in task exited (${end.description})`);
      this.#becomeStopped();
    });
    if (this.options.isProbed) await this.#probe(this.#process);
  }

  async #probe(process: ContainerProcess): Promise<void> {
    try {
      await process.untilHealthy(patienceOf(this.options.definition));
      this.isHealthy = true;
      this.options.onChange(this);
    } catch (error) {
      const reason = `Task failed container health checks: it ${error instanceof Error ? error.message : error}`;
      await this.stop('ServiceSchedulerInitiated', reason);
    }
  }

  #becomeStopping(stopCode: StopCode, reason: string): void {
    if (this.desiredStatus === 'STOPPED') return;
    this.desiredStatus = 'STOPPED';
    this.stopCode = stopCode;
    this.stoppedReason = reason;
    if (this.lastStatus === 'RUNNING') this.lastStatus = 'STOPPING';
    this.options.onChange(this);
  }

  #becomeStopped(): void {
    if (this.lastStatus === 'STOPPED') return;
    this.lastStatus = 'STOPPED';
    this.stoppedAt = Date.now();
    this.options.onChange(this);
    this.#stopped.resolve();
  }
}

/** What the container's own health check would allow, in milliseconds. */
function patienceOf({ container: { healthCheck } }: TaskDefinition): number {
  if (!healthCheck) return DEFAULT_PATIENCE_MILLISECONDS;
  const { startPeriod, interval, retries } = healthCheck;
  return (startPeriod + interval * retries) * 1000;
}
