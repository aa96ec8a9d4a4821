import {
  type DeviceRole,
  databasePrefix,
  deviceName,
  deviceTags,
  ecsName,
  hostName,
  type Tags,
  type TaskKind,
} from './device-names.ts';
import type { FleetSettings } from './fleet-settings.ts';
import type { DeviceMode, RolePlan } from './topology.ts';

/** A task definition with one container, as far as devices differ in it. */
export interface TaskPlan {
  family: string;
  image: string;
  cpu: number;
  memoryMiB: number;
  /** Replaces the image's own. */
  command?: string[];
  environment: Record<string, string>;
  /** Environment names and the keys of the sender's secret that their values come from. */
  secrets: Record<string, string>;
  ports: number[];
  /** Absent for a task that ends by itself. */
  healthCheck?: { command: string[]; intervalSeconds: number; retries: number; startPeriodSeconds: number };
  /** How long a container may take to end after SIGTERM. */
  stopTimeoutSeconds: number;
  logPrefix: TaskKind;
  tags: Tags;
}

/** Where every container of a device finds the number's media. */
export const MEDIA_PATH = '/usr/local/wamedia';

/** Messaging, contacts, control, health check: what containers of a device reach each other at, in WhatsApp's order. */
export const COREAPP_PORTS = [6250, 6251, 6252, 6253] as const;

/** The device whose containers are described. */
export interface DeviceIdentity {
  senderSid: string;
  mode: DeviceMode;
}

/** What one role of a device runs. `whatsapp-onprem` calls for these names and values; a simulator takes some more. */
export function planTask(role: RolePlan, device: DeviceIdentity, settings: FleetSettings): TaskPlan {
  const { simulated } = settings;
  const command = simulated ? undefined : startCommand(role.role, device.mode);
  return {
    family: ecsName(settings, device.senderSid, role.role),
    image: role.role === 'web' ? settings.images.web : settings.images.coreapp,
    cpu: role.cpu,
    memoryMiB: role.memoryMiB,
    ...(command && { command }),
    environment: environmentOf(role.role, device, settings),
    secrets: {
      WA_DB_PASSWORD: 'databasePassword',
      ...((simulated || role.role === 'web') && { WA_WEB_JWT_CRYPTO_KEY: 'jwtKey', WA_API_KEY: 'apiKey' }),
    },
    ports: portsOf(role.role, settings),
    healthCheck: simulated ? simulatorHealthCheck(settings.webPort) : portHealthCheck(role.role, settings.webPort),
    // The longest that Fargate allows for a real one, which hands its session over.
    stopTimeoutSeconds: simulated ? 30 : 120,
    logPrefix: role.role,
    tags: deviceTags(settings, device.senderSid, role.role),
  };
}

/** The task that empties a device's media volume. It has no secret, so it works when the sender's are gone. */
export function planErasure(senderSid: string, settings: FleetSettings): TaskPlan {
  return {
    family: ecsName(settings, senderSid, 'erase'),
    image: settings.images.coreapp,
    cpu: 256,
    memoryMiB: 512,
    command: ['find', MEDIA_PATH, '-mindepth', '1', '-delete'],
    environment: {},
    secrets: {},
    ports: [],
    stopTimeoutSeconds: 30,
    logPrefix: 'erase',
    tags: deviceTags(settings, senderSid, 'erase'),
  };
}

function environmentOf(role: DeviceRole, { senderSid, mode }: DeviceIdentity, settings: FleetSettings) {
  const isSingle = mode === 'single';
  return {
    WA_DB_ENGINE: 'MYSQL',
    WA_DB_HOSTNAME: settings.databaseHost,
    WA_DB_PORT: String(settings.databasePort),
    WA_DB_USERNAME: databasePrefix(senderSid),
    WA_DB_NAME_PREFIX: databasePrefix(senderSid),
    WA_DB_CONNECTION_IDLE_TIMEOUT: '180000',
    WA_CONFIG_ON_DB: '1',
    WA_RUNNING_ENV: 'AWS',
    AWS_REGION: settings.region,
    AWS_STACK_NAME: deviceName(settings, senderSid),
    ...(!isSingle && { WA_APP_MULTICONNECT: '1' }),
    ...(role === 'web' && {
      WA_DB_PERSISTENT: '1',
      WA_WEB_SERVERNAME: hostName(settings, senderSid, 'web'),
      ...(isSingle && { WACORE_HOSTNAME: hostName(settings, senderSid, 'coreapp') }),
    }),
    ...(role === 'master' && { WA_MASTER_NODE: '1' }),
    ...(role !== 'web' && !isSingle && { COREAPP_EXTERNAL_PORTS: COREAPP_PORTS.join(',') }),
    ...(settings.simulated && {
      SIMULATOR_ROLE: role,
      MODE: mode,
      PORT: String(settings.webPort),
      STATE_DIRECTORY: `${MEDIA_PATH}/simulator`,
      ...(settings.version !== undefined && { VERSION: settings.version }),
    }),
  };
}

const LAUNCH = '/opt/whatsapp/bin/wait_on_mysql.sh /opt/whatsapp/bin/launch_within_docker.sh';

/**
 * What WhatsApp's images are started with; web needs it said too, it crash-loops without. Where containers look for each
 * other each publishes its own address: the first that is not link-local, which Fargate lists as well, without the space
 * that `hostname -I` ends with.
 */
function startCommand(role: DeviceRole, mode: DeviceMode): string[] {
  if (role === 'web' || mode === 'single') return LAUNCH.split(' ');
  const address = "$(hostname -I | tr ' ' '\\n' | grep -v '^169[.]254[.]' | head -n 1)";
  return ['/bin/bash', '-c', `export COREAPP_HOSTNAME="${address}" && exec ${LAUNCH}`];
}

function portsOf(role: DeviceRole, { simulated, webPort }: FleetSettings): number[] {
  return simulated || role === 'web' ? [webPort] : [...COREAPP_PORTS];
}

function simulatorHealthCheck(port: number): NonNullable<TaskPlan['healthCheck']> {
  const question = `fetch('http://127.0.0.1:${port}/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
  return { command: ['CMD-SHELL', `node -e "${question}"`], intervalSeconds: 10, retries: 3, startPeriodSeconds: 20 };
}

/**
 * A web that never reached its database, or a coreapp that gave up, stays "running": only its port tells. Bash opens it,
 * since nothing else is certain to be in WhatsApp's images.
 */
function portHealthCheck(role: DeviceRole, webPort: number): NonNullable<TaskPlan['healthCheck']> {
  const port = role === 'web' ? webPort : COREAPP_PORTS[3];
  return {
    command: ['CMD', '/bin/bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`],
    intervalSeconds: 30,
    retries: 5,
    startPeriodSeconds: 300,
  };
}
