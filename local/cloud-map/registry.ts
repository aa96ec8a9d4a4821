import { randomBytes } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../aws.ts';
import { ServiceError } from '../protocol/service-error.ts';

const PREFIX = `arn:aws:servicediscovery:${REGION}:${ACCOUNT_ID}`;

export interface Namespace {
  id: string;
  arn: string;
  name: string;
}

export interface DiscoveryService {
  id: string;
  arn: string;
  name: string;
  namespace: Namespace;
  tags: { Key: string; Value: string }[];
  createdAt: number;
  /** Where its instances answer: base URLs on this machine, by the instance's id. */
  instances: Map<string, string>;
}

/** Cloud Map's private DNS namespaces and the services in them. */
export class CloudMapRegistry {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #services = new Map<string, DiscoveryService>();
  #turn = 0;

  createNamespace(name: string): Namespace {
    const id = `ns-${randomBytes(8).toString('hex')}`;
    const namespace = { id, arn: `${PREFIX}:namespace/${id}`, name };
    this.#namespaces.set(id, namespace);
    return namespace;
  }

  /** @throws ServiceError NamespaceNotFound, or ServiceAlreadyExists with the service of that name */
  createService(namespaceId: string, name: string, tags: DiscoveryService['tags'] = []): DiscoveryService {
    const namespace = this.#namespaces.get(namespaceId);
    if (!namespace) throw new ServiceError('NamespaceNotFound', `No namespace ${namespaceId}.`);
    const known = this.services(namespaceId).find((service) => service.name === name);
    if (known) {
      throw new ServiceError('ServiceAlreadyExists', 'Service already exists.', {
        ServiceId: known.id,
        ServiceArn: known.arn,
      });
    }
    const id = `srv-${randomBytes(8).toString('hex')}`;
    const arn = `${PREFIX}:service/${id}`;
    const service = { id, arn, name, namespace, tags, createdAt: Date.now(), instances: new Map<string, string>() };
    this.#services.set(id, service);
    return service;
  }

  /** By id or ARN. @throws ServiceError ServiceNotFound */
  service(idOrArn: string): DiscoveryService {
    const service = this.#services.get(idOrArn.split('/').at(-1) ?? '');
    if (!service) throw new ServiceError('ServiceNotFound', `Service not found: ${idOrArn}`);
    return service;
  }

  /** Of one namespace, all when undefined. */
  services(namespaceId?: string): DiscoveryService[] {
    const all = [...this.#services.values()];
    return namespaceId === undefined ? all : all.filter(({ namespace }) => namespace.id === namespaceId);
  }

  /** @throws ServiceError ServiceNotFound, or ResourceInUse while it has instances */
  deleteService(id: string): void {
    const service = this.service(id);
    if (service.instances.size > 0) {
      throw new ServiceError('ResourceInUse', 'Service contains registered instances; delete them before the service.');
    }
    this.#services.delete(service.id);
  }

  /**
   * Where a name leads now, each of several instances in turn.
   * @param host `web-1.switchboard.internal`
   * @returns a base URL; nothing when no instance is registered under that name
   */
  resolve(host: string): string | undefined {
    const service = this.services().find(({ name, namespace }) => host === `${name}.${namespace.name}`);
    const urls = [...(service?.instances.values() ?? [])];
    this.#turn += 1;
    return urls[this.#turn % urls.length];
  }
}
