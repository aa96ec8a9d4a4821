import { createHash } from 'node:crypto';
import {
  DescribeTasksCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { deviceTags } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';
import { ecs, networkOf, toEcsTags } from './ecs.ts';

/** A task of the fleet: one container. */
export interface FleetTask {
  arn: string;
  startedBy: string;
  /** Its address in the fleet's network, once it has one. */
  address?: string;
  /** It has ended, and its container with it. */
  hasEnded: boolean;
  /** How its container ended; undefined while it runs, and when it never ran. */
  exitCode?: number;
  stoppedReason?: string;
}

/** The ECS tasks of a gateway's cluster. */
export class FleetTasks {
  readonly #settings: FleetSettings;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  /** All of a family's tasks: those that run, those that are ending, and those that ended in the last hour or so. */
  async ofFamily(family: string): Promise<FleetTask[]> {
    const tasks = new Map<string, FleetTask>();
    // Whoever was told to stop is listed as stopped, though its container may live on for two minutes.
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      for (const task of await this.#list(family, desiredStatus)) tasks.set(task.arn, task);
    }
    return [...tasks.values()];
  }

  /**
   * Runs one task. The same `startedBy` gives the same task, however often it is asked for, as long as ECS remembers.
   * @returns its ARN
   */
  async run(senderSid: string, definition: string, startedBy: string, attempt: number): Promise<string> {
    const { tasks = [], failures = [] } = await ecs.send(
      new RunTaskCommand({
        cluster: this.#settings.cluster,
        taskDefinition: definition,
        count: 1,
        launchType: 'FARGATE',
        networkConfiguration: networkOf(this.#settings),
        startedBy,
        // 64 characters at most.
        clientToken: createHash('sha256').update(`${startedBy}#${attempt}`).digest('hex'),
        enableECSManagedTags: true,
        tags: toEcsTags(deviceTags(this.#settings, senderSid, 'erase')),
      }),
    );
    const arn = tasks[0]?.taskArn;
    if (arn === undefined) throw new Error(`ECS started no task: ${failures[0]?.reason ?? 'it gave no reason'}.`);
    return arn;
  }

  /** Ends a task; its service starts another. */
  async stop(arn: string, reason: string): Promise<void> {
    await ecs.send(new StopTaskCommand({ cluster: this.#settings.cluster, task: arn, reason: reason.slice(0, 255) }));
  }

  async #list(family: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<FleetTask[]> {
    const found: FleetTask[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecs.send(
        new ListTasksCommand({
          cluster: this.#settings.cluster,
          family,
          desiredStatus,
          ...(nextToken && { nextToken }),
        }),
      );
      const arns = page.taskArns ?? [];
      if (arns.length > 0) {
        // A page is 100 at most, as many as one call describes.
        const { tasks = [] } = await ecs.send(
          new DescribeTasksCommand({ cluster: this.#settings.cluster, tasks: arns }),
        );
        found.push(...tasks.map(taskOf));
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return found;
  }
}

function taskOf(task: Task): FleetTask {
  const details = task.attachments?.flatMap((attachment) => attachment.details ?? []) ?? [];
  const address = details.find(({ name }) => name === 'privateIPv4Address')?.value;
  const exitCode = task.containers?.[0]?.exitCode;
  return {
    arn: task.taskArn ?? '',
    startedBy: task.startedBy ?? '',
    hasEnded: task.lastStatus === 'STOPPED' || task.lastStatus === 'DELETED',
    ...(address !== undefined && { address }),
    ...(exitCode !== undefined && { exitCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
  };
}
