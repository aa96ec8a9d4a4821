import { ServiceError } from '../protocol/service-error.ts';
import { clusterArn, nameOf, serviceArn } from './arns.ts';
import { type Tags, type TaskDefinition, TaskDefinitions } from './definitions.ts';
import type { Program } from './program.ts';
import { type Restarts, Service } from './service.ts';
import type { ServiceDescription } from './service-input.ts';
import { Task } from './task.ts';

/** Stopped tasks that can still be described; ECS keeps them for an hour. */
const KEPT_STOPPED_TASKS = 1_000;

export interface EcsOptions {
  /** Finds what to run for a task. @param override a command to run instead of the container's own */
  programOf: (definition: TaskDefinition, override?: readonly string[]) => Promise<Program>;
  onLog: (source: string, line: string) => void;
  /** Told when a task of a service begins to serve and when it no longer does. */
  onServing: (service: Service, task: Task, serves: boolean) => void;
}

/** How a service is run where that differs from what ECS does. */
export interface ServiceRunning {
  /** What people call its tasks. Default: its name. */
  label?: string;
  restarts?: Restarts;
  onEvent?: (sentence: string) => void;
  onGivenUp?: (error: Error) => void;
}

/** What ECS does: it never tires of starting a task again, but later each time. */
const RESTARTS: Restarts = { firstMilliseconds: 500, longestMilliseconds: 8_000, limit: Number.POSITIVE_INFINITY };

export interface RunTaskInput {
  cluster: string;
  definition: TaskDefinition;
  override: readonly string[] | undefined;
  startedBy: string;
  group: string | undefined;
  tags: Tags;
}

/** ECS: clusters, task definitions, services and tasks, in memory and as processes of this machine. */
export class Ecs {
  readonly definitions = new TaskDefinitions();
  readonly #options: EcsOptions;
  readonly #clusters = new Set(['default']);
  readonly #services = new Map<string, Service>();
  readonly #tasks = new Set<Task>();

  constructor(options: EcsOptions) {
    this.#options = options;
  }

  /** @returns its ARN */
  createCluster(name: string): string {
    this.#clusters.add(name);
    return clusterArn(name);
  }

  /** @throws ServiceError ClusterNotFoundException */
  cluster(nameOrArn = 'default'): string {
    const name = nameOf(nameOrArn);
    if (!this.#clusters.has(name)) throw new ServiceError('ClusterNotFoundException', 'Cluster not found.');
    return name;
  }

  /** @throws ServiceError when there is one of that name already, or something that it names is not there */
  createService(description: ServiceDescription, running: ServiceRunning = {}): Service {
    const cluster = this.cluster(description.cluster);
    const arn = serviceArn(cluster, description.serviceName);
    const known = this.#services.get(arn);
    if (known?.status === 'ACTIVE') {
      const { clientToken } = known.description;
      if (clientToken !== undefined && clientToken === description.clientToken) return known;
      throw new ServiceError('InvalidParameterException', 'Creation of service was not idempotent.');
    }
    if (known?.status === 'DRAINING') {
      throw new ServiceError('InvalidParameterException', 'Unable to Start a service that is still Draining.');
    }
    const service: Service = new Service(arn, {
      label: running.label ?? description.serviceName,
      description,
      definition: this.definitions.findActive(description.taskDefinition),
      restarts: running.restarts ?? RESTARTS,
      startTask: (deployment, port) =>
        this.#start({
          cluster,
          definition: deployment.definition,
          group: `service:${description.serviceName}`,
          startedBy: deployment.id,
          tags: description.propagateTags === 'SERVICE' ? description.tags : deployment.definition.tags,
          isProbed: true,
          port,
          prepare: () => this.#options.programOf(deployment.definition),
          onLog: (line) => this.#options.onLog(running.label ?? description.serviceName, line),
          onChange: (task) => service.taskChanged(task),
        }),
      onServing: (task, serves) => this.#options.onServing(service, task, serves),
      onEvent: running.onEvent ?? (() => {}),
      onGivenUp: running.onGivenUp ?? (() => {}),
    });
    this.#services.set(arn, service);
    return service;
  }

  /** Whatever its status; undefined when there never was one. */
  service(cluster: string, nameOrArn: string): Service | undefined {
    return this.#services.get(serviceArn(cluster, nameOf(nameOrArn)));
  }

  /** Of one cluster (all when undefined), in the order in which they were made; those that are gone too. */
  services(cluster?: string): Service[] {
    const all = [...this.#services.values()];
    return cluster === undefined ? all : all.filter(({ description }) => nameOf(description.cluster) === cluster);
  }

  /** Runs a task that belongs to no service. */
  runTask({ cluster, definition, override, startedBy, group, tags }: RunTaskInput): Task {
    return this.#start({
      cluster,
      definition,
      group: group ?? `family:${definition.family}`,
      startedBy,
      tags,
      isProbed: false,
      prepare: () => this.#options.programOf(definition, override),
      onLog: (line) => this.#options.onLog(definition.family, line),
      onChange: () => {},
    });
  }

  /** Of one cluster (all when undefined), stopped ones included as long as they are remembered. */
  tasks(cluster?: string): Task[] {
    const all = [...this.#tasks];
    return cluster === undefined ? all : all.filter(({ options }) => options.cluster === cluster);
  }

  /** Stops every service and task. */
  async stop(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
    await Promise.all(this.tasks().map((task) => task.stop('UserInitiated', 'The local stack stops')));
  }

  #start(options: ConstructorParameters<typeof Task>[0]): Task {
    const stopped = this.tasks().filter(({ lastStatus }) => lastStatus === 'STOPPED');
    if (stopped.length > KEPT_STOPPED_TASKS && stopped[0]) this.#tasks.delete(stopped[0]);
    const task = new Task(options);
    this.#tasks.add(task);
    return task;
  }
}
