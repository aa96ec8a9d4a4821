import { fileURLToPath } from 'node:url';
import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { Ecs } from '../../../local/ecs/ecs.ts';
import { prepareProgram } from '../../../local/ecs/prepare.ts';
import { serveEcs } from '../../../local/ecs/server.ts';
import type { Service } from '../../../local/ecs/service.ts';
import type { Task } from '../../../local/ecs/task.ts';
import { FileSystems } from '../../../local/efs/file-systems.ts';
import { SecretStore } from '../../../local/secrets/store.ts';

const directory = fileURLToPath(new URL('../fixtures/assembly/asset.image', import.meta.url));

/** A local ECS with an image, a secret and a file system, and the SDK's client for it. */
export async function startStand() {
  const fileSystems = await FileSystems.create();
  const { id: fileSystemId } = await fileSystems.createFileSystem();
  const secrets = new SecretStore();
  const secret = secrets.create('device', JSON.stringify({ databasePassword: 'p455w0rd' }));
  const images = new Map([['image', { directory, dockerFile: 'Dockerfile' }]]);
  const environment: Record<string, string> = {};
  const serving: string[] = [];
  const ecs = new Ecs({
    programOf: (definition, override) =>
      prepareProgram(definition, { images, secrets, fileSystems, environment }, override),
    onLog: () => {},
    onServing: (service, task, serves) => serving.push(`${service.name} ${task.id} ${serves ? 'serves' : 'leaves'}`),
  });
  const server = await serveEcs(ecs);
  const client = new ECSClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  return {
    ecs,
    client,
    secrets,
    secretArn: secret.arn,
    fileSystems,
    fileSystemId,
    environment,
    serving,

    /** Registers a revision of a family. @returns its ARN */
    async register(family: string, container: object = {}, fields: object = {}): Promise<string> {
      const { taskDefinition } = await client.send(
        new RegisterTaskDefinitionCommand({
          family,
          containerDefinitions: [{ name: 'Device', image: 'registry/assets:image', ...container }],
          ...fields,
        }),
      );
      return taskDefinition?.taskDefinitionArn ?? '';
    },

    async createService(serviceName: string, fields: Partial<CreateServiceCommandInput>): Promise<Service> {
      await client.send(new CreateServiceCommand({ serviceName, ...fields }));
      const service = ecs.service('default', serviceName);
      if (!service) throw new Error(`There is no service ${serviceName}.`);
      return service;
    },

    async stop(): Promise<void> {
      client.destroy();
      await server.stop();
      await fileSystems.stop();
    },
  };
}

export type Stand = Awaited<ReturnType<typeof startStand>>;

/** What a task of the fixture's image answers: its environment, its process id, its arguments. */
export async function askTask(task: Task | undefined): Promise<Record<string, unknown>> {
  const response = await fetch(task?.url ?? '');
  return (await response.json()) as Record<string, unknown>;
}
