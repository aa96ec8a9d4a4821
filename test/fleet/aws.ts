import { fileURLToPath } from 'node:url';
import { DEVICE_ROLES, type DeviceRole, ecsName } from '../../lambdas/domain/device-names.ts';
import type { FleetSettings } from '../../lambdas/domain/fleet-settings.ts';
import type { Registration } from '../../lambdas/domain/registration.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { Fleet } from '../../lambdas/fleet/fleet.ts';
import { CloudMapRegistry } from '../../local/cloud-map/registry.ts';
import { serveCloudMap } from '../../local/cloud-map/server.ts';
import type { TaskDefinition } from '../../local/ecs/definitions.ts';
import { Ecs } from '../../local/ecs/ecs.ts';
import { prepareProgram } from '../../local/ecs/prepare.ts';
import type { Program } from '../../local/ecs/program.ts';
import { serveEcs } from '../../local/ecs/server.ts';
import type { Service } from '../../local/ecs/service.ts';
import { FileSystems } from '../../local/efs/file-systems.ts';
import { serveEfs } from '../../local/efs/server.ts';
import type { Catalogue } from '../../local/rds-data/catalogue.ts';
import { Databases } from '../../local/rds-data/databases.ts';
import { serveRdsData } from '../../local/rds-data/server.ts';
import { ROOT_ACCOUNT_SID, startAws, type TestAws } from '../support/aws.ts';
import { settings as madeUp } from './settings.ts';

const SIMULATOR = fileURLToPath(new URL('../../simulators/whatsapp', import.meta.url));

/** A container that answers `GET /` and does nothing else: enough for what ECS sees of one. */
const SERVER = "require('node:http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1')";

export const EXECUTION = 'arn:aws:states:us-east-1:000000000000:execution:RegisterDevice:1';

/** What there is for a sender of whom nothing is left. */
export const NOTHING = { services: [], definitions: [], names: [], volumes: [], tasks: [] };

/** What AWS a fleet needs, in this process. */
export interface FleetAws extends TestAws {
  settings: FleetSettings;
  ecs: Ecs;
  cloudMap: CloudMapRegistry;
  fileSystems: FileSystems;
  database: Catalogue;
  /** The fleet as its function opens it. */
  fleet: Fleet;
  /** Called for each task before it runs; what it throws keeps the container from starting. */
  beforeTask: (definition: TaskDefinition) => void;
  /** Makes a sender with its secret, and a registration under way that `EXECUTION` acts for. */
  addSender(fields?: Record<string, string>, changes?: Partial<Registration>): Promise<Sender>;
  /** The service of a role, whatever became of it. */
  serviceOf(sender: Sender, role: DeviceRole): Service | undefined;
  /** How many containers of each role should run. */
  desired(sender: Sender): Partial<Record<DeviceRole, number>>;
  /** What there is for a sender: services and tasks as long as they have not ended, names, access points. */
  resourcesOf(senderSid: string): Record<'services' | 'definitions' | 'names' | 'volumes' | 'tasks', string[]>;
}

/** Starts it, with containers that are small processes; `simulator` makes them WhatsApp's simulator. */
export async function startFleetAws({ simulator = false } = {}): Promise<FleetAws> {
  const aws = await startAws();
  const cloudMap = new CloudMapRegistry();
  const databases = new Databases();
  const fileSystems = await FileSystems.create();
  const images = new Map([['1', { directory: SIMULATOR, dockerFile: 'Dockerfile' }]]);
  const hooks = { beforeTask: (_: TaskDefinition) => {} };
  const ecs = new Ecs({
    programOf: async (definition, override): Promise<Program> => {
      hooks.beforeTask(definition);
      const environment = { HEARTBEAT_MS: '100' };
      const program = await prepareProgram(
        definition,
        { images, secrets: aws.secrets.store, fileSystems, environment },
        override,
      );
      const isServer = program.command[0] === process.execPath;
      return simulator || !isServer ? program : { ...program, command: [process.execPath, '-e', SERVER] };
    },
    onLog: () => {},
    onServing: ({ description }, task, serves) => {
      for (const { registryArn } of description.serviceRegistries) {
        const { instances } = cloudMap.service(registryArn);
        if (serves && task.url !== undefined) instances.set(task.id, task.url);
        else instances.delete(task.id);
      }
    },
  });
  const databaseSecret = aws.secrets.store.create('database', 'anything');
  const databaseClusterArn = databases.create('devices');
  const database = databases.catalogue(databaseClusterArn);
  if (!database) throw new Error('There is no database.');
  const settings: FleetSettings = {
    ...madeUp,
    cluster: ecs.createCluster('devices'),
    namespaceId: cloudMap.createNamespace(madeUp.namespace).id,
    databaseClusterArn,
    databaseSecretArn: databaseSecret.arn,
    fileSystemId: (await fileSystems.createFileSystem()).id,
  };
  const servers = {
    AWS_ENDPOINT_URL_ECS: await serveEcs(ecs),
    AWS_ENDPOINT_URL_SERVICEDISCOVERY: await serveCloudMap(cloudMap),
    AWS_ENDPOINT_URL_EFS: await serveEfs(fileSystems),
    AWS_ENDPOINT_URL_RDS_DATA: await serveRdsData({
      catalogue: (arn) => databases.catalogue(arn),
      hasSecret: (arn) => aws.secrets.store.has(arn),
    }),
  };
  for (const [name, server] of Object.entries(servers)) process.env[name] = server.url;

  // Only now: clients read their endpoints when they are made.
  const { openFleet } = await import('../../lambdas/fleet/fleet.ts');
  const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');
  const fleet = openFleet(JSON.stringify(settings), process.env['TABLE_NAME'] ?? '');
  const secrets = new SenderSecrets('senders/');
  let addresses = 15_550_000_000;
  const serviceOf = ({ sid }: Sender, role: DeviceRole) => ecs.service('devices', ecsName(settings, sid, role));

  return Object.assign(hooks, {
    ...aws,
    settings,
    ecs,
    cloudMap,
    fileSystems,
    database,
    fleet,
    async addSender(fields = {}, changes = {}): Promise<Sender> {
      const at = fleet.now();
      const sid = newSid('XE', at);
      const sender: Sender = {
        sid,
        accountSid: ROOT_ACCOUNT_SID,
        channel: 'whatsapp',
        address: String(++addresses),
        status: 'CREATING',
        workflow: 'device',
        fields,
        secretId: secrets.idFor(sid),
        webhookSecretHash: '',
        webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
        dateCreated: new Date(at).toISOString(),
        dateUpdated: new Date(at).toISOString(),
      };
      await secrets.create(sender.secretId, {
        secrets: {},
        webhookSecret: 'webhook',
        databasePassword: 'Database-password.0123456789',
        jwtKey: 'j'.repeat(64),
        apiKey: 'api-key-of-this-device',
      });
      if (!(await fleet.senders().create(sender))) throw new Error('The address is taken.');
      await fleet.registrations.put({
        accountSid: ROOT_ACCOUNT_SID,
        senderSid: sid,
        workflow: 'device',
        attempt: 1,
        executionArn: EXECUTION,
        state: 'running',
        step: 'CreateDeviceSecrets',
        stepStartedAt: new Date(at).toISOString(),
        startedAt: new Date(at).toISOString(),
        ...changes,
      });
      return sender;
    },
    serviceOf,
    desired(sender: Sender) {
      const active = DEVICE_ROLES.flatMap((role) => {
        const service = serviceOf(sender, role);
        return service?.status === 'ACTIVE' ? [[role, service.desiredCount]] : [];
      });
      return Object.fromEntries(active);
    },
    resourcesOf(senderSid: string) {
      const isOf = (name: string) => name.includes(senderSid.toLowerCase());
      return {
        services: ecs.services().flatMap(({ name, status }) => (isOf(name) && status !== 'INACTIVE' ? [name] : [])),
        definitions: (['ACTIVE', 'INACTIVE'] as const).flatMap((status) =>
          ecs.definitions.list(undefined, status).flatMap(({ family }) => (isOf(family) ? [family] : [])),
        ),
        names: cloudMap.services().flatMap(({ name }) => (isOf(name) ? [name] : [])),
        volumes: fileSystems.accessPoints().flatMap(({ path, id }) => (isOf(path) ? [id] : [])),
        tasks: ecs
          .tasks()
          .flatMap(({ lastStatus, options }) =>
            isOf(options.definition.family) && lastStatus !== 'STOPPED' ? [options.definition.family] : [],
          ),
      };
    },
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      await fileSystems.stop();
      await aws.stop();
    },
  });
}
