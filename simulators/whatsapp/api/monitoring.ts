import { createHash } from 'node:crypto';
import type { Containers, Device, DeviceState } from '../device/device.ts';
import { ApiError, errorEntry } from '../http/errors.ts';
import { type ApiRoute, route } from './handler.ts';

/** A build stops working this long after it was made. */
const BUILD_LIFE_MS = 180 * 24 * 3600 * 1000;

const GATEWAY_STATUS: Partial<Record<DeviceState, string>> = {
  uninitialized: 'uninitialized',
  unregistered: 'unregistered',
  code_pending: 'unregistered',
  connecting: 'connecting',
  connected: 'connected',
};

function gatewayStatus(device: Device): string {
  return GATEWAY_STATUS[device.state] ?? 'disconnected';
}

function container(name: string): string {
  return `${name}:${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** The containers that there would be, where one process stands for all of them. */
function supposedContainers({ coreapps }: Device): Containers {
  const names = Array.from({ length: coreapps }, (_, index) => `wacore${index + 1}`);
  return { primary: 'master1', masters: ['master1', 'master2'], coreapps: names };
}

/** One entry per node; spares and masters without a socket are `disconnected` and well. */
function clusterHealth(device: Device): Record<string, unknown> {
  const status = gatewayStatus(device);
  const up = status === 'connected' || status === 'connecting';
  const health: Record<string, unknown> = {};
  const { primary: primaryName, masters, coreapps } = device.containers ?? supposedContainers(device);
  for (const name of masters) {
    const primary = name === primaryName;
    const hasSocket = !up || (primary && device.mode === 'multiconnect');
    const role = primary ? 'primary_master' : 'secondary_master';
    health[container(name)] = { gateway_status: hasSocket ? status : 'disconnected', role };
  }
  const active = device.mode === 'multiconnect' ? device.registration.shards : 1;
  for (const [index, name] of coreapps.entries()) {
    const spare = up && index >= active;
    health[container(name)] =
      device.state === 'core_down'
        ? { errors: [errorEntry(1011, 'Wacore is not instantiated. Please check wacore log for details.')] }
        : { gateway_status: spare ? 'disconnected' : status, role: 'coreapp' };
  }
  return health;
}

function support(device: Device): Record<string, unknown> {
  const { clock, settings } = device.surroundings;
  return {
    context: 'healthcheck',
    db_engine: 'MYSQL',
    debug_info: device.registration.registered ? device.number : 'unregistered',
    description: `Simulator ${settings.version.text}`,
    device_iso8601: new Date(clock.now()).toISOString(),
    // Without a zone, unlike every other time.
    expire_timestamp: new Date(device.startedAt + BUILD_LIFE_MS).toISOString().slice(0, 19),
    free_space_media_outgoing: device.media.full ? '0' : '10737418240',
    multi_connect: device.mode !== 'single',
    shards: [[0, device.registration.shards - 1]],
    socket_conn: device.state === 'connected' ? 'UP' : device.state === 'connecting' ? 'SC' : 'DN',
  };
}

export const monitoringRoutes: ApiRoute[] = [
  route('GET', '/v1/health', 'monitor', ({ device }) => {
    if (device.mode !== 'single') return { status: 200, json: { health: clusterHealth(device) } };
    if (device.state === 'core_down') {
      const cause = 'php_network_getaddresses: getaddrinfo failed: Name or service not known.';
      throw new ApiError(1014, `${cause} Please check if wacore is running: wacore:6252`);
    }
    return { status: 200, json: { health: { gateway_status: gatewayStatus(device) } } };
  }),
  route('GET', '/v1/support', 'user', ({ device }) => ({ status: 200, json: { support: support(device) } })),
  ...['/v1/stats/app', '/v1/stats/app/internal'].map((path) => {
    return route('GET', path, 'monitor', ({ device }) => {
      return { status: 200, json: { stats: { app: device.statistics.toJson() } } };
    });
  }),
  route('GET', '/v1/stats/db', 'monitor', ({ device }) => {
    const known = device.surroundings.network.contacts.length;
    const data = [{ labels: { type: 'whatsapp_user' }, value: known }];
    return { status: 200, json: { stats: { db: { db_contacts: { type: 'gauge', help: 'Contacts', data } } } } };
  }),
  route('GET', '/metrics', 'monitor', ({ device, request }) => {
    if (request.query.get('format') !== 'prometheus') {
      return { status: 200, json: { metrics: device.statistics.toJson() } };
    }
    const content = Buffer.from(device.statistics.toPrometheus());
    return { status: 200, bytes: { type: 'text/plain; version=0.0.4', content } };
  }),
];
