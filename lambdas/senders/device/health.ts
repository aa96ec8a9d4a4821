import * as z from 'zod';

/** How a number's containers are arranged. */
export interface Arrangement {
  mode: 'single' | 'high-availability' | 'multiconnect';
  /** Over how many coreapps a multiconnect number is spread. */
  shards: number;
}

/** One container of a device, as `GET /v1/health` reports it. A single installation reports one, without role. */
export interface NodeHealth {
  name: string;
  /** `connected`, `connecting`, `disconnected`, `uninitialized` or `unregistered`; undefined where it only reports an error. */
  status: string | undefined;
  role: string | undefined;
}

const nodeSchema = z.object({ gateway_status: z.string().optional(), role: z.string().optional() });
const healthSchema = z.object({
  health: z.union([nodeSchema.required({ gateway_status: true }), z.record(z.string(), nodeSchema)]),
});

/** Reads the body of `GET /v1/health`, parsed; undefined when it is none. */
export function readHealth(body: unknown): NodeHealth[] | undefined {
  const parsed = healthSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { health } = parsed.data;
  const nodes = typeof health.gateway_status === 'string' ? { device: health } : health;
  return Object.entries(nodes).map(([name, node]) => {
    const { gateway_status: status, role } = nodeSchema.parse(node);
    return { name, status, role };
  });
}

/** Why a device cannot be registered yet, for people; undefined when it can. */
export function startProblem(nodes: readonly NodeHealth[], { mode, shards }: Arrangement): string | undefined {
  const initializing = nodes.filter(({ status }) => status === 'uninitialized');
  if (initializing.length > 0)
    return `${count(initializing.length, 'container is', 'containers are')} still initializing`;
  const up = nodes.filter(({ status }) => status !== undefined);
  if (mode === 'single') return up.length > 0 ? undefined : 'its coreapp does not answer';
  if (!up.some(({ role }) => role === 'primary_master')) return 'it has no primary master yet';
  const coreapps = up.filter(({ role }) => role === 'coreapp').length;
  const needed = mode === 'multiconnect' ? shards : 1;
  return coreapps < needed ? `${coreapps} of the ${needed} coreapps that it needs are up` : undefined;
}

/** Why a registered device is not connected to WhatsApp as its mode wants, for people; undefined when it is. */
export function connectionProblem(nodes: readonly NodeHealth[], { mode, shards }: Arrangement): string | undefined {
  if (mode === 'single') {
    const [node] = nodes;
    return node?.status === 'connected' ? undefined : `it is ${node?.status ?? 'not answering'}`;
  }
  const connected = nodes.filter(({ status }) => status === 'connected');
  const coreapps = connected.filter(({ role }) => role === 'coreapp').length;
  const needed = mode === 'multiconnect' ? shards : 1;
  // Spares and, in high availability, masters are well without a connection.
  if (coreapps !== needed) return `${coreapps} coreapps are connected, and ${needed} should be`;
  const hasMaster = connected.some(({ role }) => role === 'primary_master');
  return mode === 'multiconnect' && !hasMaster ? 'its primary master is not connected' : undefined;
}

/** Whether the number is registered on the device, connected or on its way there. */
export function isRegistered(nodes: readonly NodeHealth[]): boolean {
  return nodes.some(({ status }) => status === 'connected' || status === 'connecting');
}

const count = (number: number, one: string, more: string) => `${number} ${number === 1 ? one : more}`;
