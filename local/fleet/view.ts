import { readdirSync } from 'node:fs';
import type { Task } from '../ecs/task.ts';
import type { Emulators } from '../resources/emulators.ts';

/** A task as tests and the bench look at it. */
export interface FleetTask {
  arn: string;
  /** The name of its service; undefined for a task that runs by itself. */
  service: string | undefined;
  family: string;
  /** Whose it is and what it does there, as its tags say. */
  sender: string | undefined;
  role: string | undefined;
  isHealthy: boolean;
  /** Milliseconds since the epoch. */
  createdAt: number;
  pid: number | undefined;
  /** Base URL that it listens on. */
  url: string | undefined;
}

/** Everything that numbers have on AWS, by name, to compare before and after. */
export interface FleetResources {
  services: string[];
  taskDefinitions: string[];
  tasks: string[];
  /** Names in the fleet's namespaces. */
  names: string[];
  accessPoints: string[];
  /** Paths below the file systems. */
  files: string[];
  databases: string[];
  databaseUsers: string[];
  secrets: string[];
}

/** The containers that run, and what belongs to them. */
export interface LocalFleet {
  /** Laid over the environment of every container that is started from now on. */
  readonly environment: Record<string, string>;
  /** Tasks that run or will, of one sender (`XE…`) or all. */
  tasks(senderSid?: string): FleetTask[];
  /** Kills a task's process, as running out of memory would; its service starts another. @throws when there is none */
  kill(taskArn: string): void;
  resources(): FleetResources;
}

export function fleetView(emulators: Emulators, environment: Record<string, string>): LocalFleet {
  const { ecs, cloudMap, fileSystems, databases, secrets } = emulators;
  const live = () => ecs.tasks().filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  return {
    environment,
    tasks: (senderSid) =>
      live()
        .map(describe)
        .filter(({ sender }) => senderSid === undefined || sender === senderSid),
    kill(taskArn) {
      const task = live().find(({ arn }) => arn === taskArn);
      if (!task) throw new Error(`No task ${taskArn} runs.`);
      task.kill();
    },
    resources: () => ({
      services: sorted(ecs.services().flatMap(({ name, status }) => (status === 'INACTIVE' ? [] : [name]))),
      taskDefinitions: sorted(
        [...ecs.definitions.list(undefined, 'ACTIVE'), ...ecs.definitions.list(undefined, 'INACTIVE')].map(
          ({ family, revision, status }) => `${family}:${revision} ${status}`,
        ),
      ),
      tasks: sorted(
        ecs
          .tasks()
          .filter(({ lastStatus }) => lastStatus !== 'STOPPED')
          .map(({ options, id }) => `${options.definition.family} ${id}`),
      ),
      names: sorted(cloudMap.services().map(({ name, namespace }) => `${name}.${namespace.name}`)),
      accessPoints: sorted(fileSystems.accessPoints().map(({ path }) => path)),
      files: sorted(readdirSync(fileSystems.directory, { recursive: true }).map(String)),
      databases: sorted(databases.all().flatMap((catalogue) => [...catalogue.databases])),
      databaseUsers: sorted(databases.all().flatMap((catalogue) => [...catalogue.users.keys()])),
      secrets: sorted(secrets.store.names()),
    }),
  };
}

function describe(task: Task): FleetTask {
  const { definition, group, tags } = task.options;
  const tag = (name: string) => tags.find(({ key }) => key === `switchboard:${name}`)?.value;
  return {
    arn: task.arn,
    service: group.startsWith('service:') ? group.slice('service:'.length) : undefined,
    family: definition.family,
    sender: tag('sender'),
    role: tag('role'),
    isHealthy: task.isHealthy,
    createdAt: task.createdAt,
    pid: task.pid,
    url: task.url,
  };
}

const sorted = (names: string[]): string[] => names.toSorted();
