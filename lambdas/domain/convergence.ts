import { DEVICE_ROLES, type DeviceRole } from './device-names.ts';
import type { RolePlan } from './topology.ts';

/** A role as it should be: its plan, and what was made for it. */
export interface WantedService extends RolePlan {
  /** The ARN of its task definition. */
  definition: string;
}

/** An ECS service as it is. */
export interface ServiceState {
  /** The ARN of its task definition. */
  definition: string;
  desired: number;
  running: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  /** As many healthy containers as desired, all of its definition. */
  isSteady: boolean;
  /** Why its deployment was given up; ECS starts nothing more in it. */
  failure?: string;
  /** It has been removed and its containers are ending: its name is taken until they have. */
  isDraining: boolean;
}

/** One thing to do about one role. */
export type ServiceChange =
  | { kind: 'create'; wanted: WantedService; count: number }
  /** `restart`: new containers, though the definition stays the same. */
  | { kind: 'update'; wanted: WantedService; count: number; restart: boolean; reason: string }
  | { kind: 'remove'; role: DeviceRole };

export interface Convergence {
  changes: ServiceChange[];
  /** Nothing is left to do or to wait for. */
  isReady: boolean;
  /** What is being waited for, in words: "web: 0 of 1 containers are healthy". Empty when it is ready. */
  waitingFor: string[];
}

type Services = Partial<Record<DeviceRole, ServiceState>>;

/**
 * `in-order`: one web first, because two on an empty database both try to create it and the loser stays up broken; when it
 * is healthy the other webs and the masters; when a master runs the coreapps. `at-once`: for a device that has run before.
 */
export type StartOrder = 'in-order' | 'at-once';

/** What to do next about a device's services. Asked again and again it leads from any state to the wanted one. */
export function nextChanges(wanted: readonly WantedService[], services: Services, order: StartOrder): Convergence {
  const surplus = DEVICE_ROLES.filter((role) => services[role] && !wanted.some((plan) => plan.role === role));
  const changes: ServiceChange[] = surplus
    .filter((role) => !services[role]?.isDraining)
    .map((role) => ({ kind: 'remove', role }));
  const waitingFor = surplus.map((role) => `${role}: its containers are ending`);
  for (const plan of wanted) {
    const service = services[plan.role];
    const isFirstWeb = order === 'in-order' && plan.role === 'web' && !service?.isSteady;
    const count = isFirstWeb ? Math.min(plan.count, Math.max(1, service?.desired ?? 1)) : plan.count;
    const change = changeOf(plan, service, count);
    if (change) changes.push(change);
    const holdsOthers = order === 'in-order' && !letsOthersStart(plan, service);
    const isAsWanted = !change && service?.isSteady === true && !service.isDraining && service.desired === plan.count;
    if (!isAsWanted || holdsOthers) waitingFor.push(waitingWords(plan, service));
    if (holdsOthers) break;
  }
  return { changes, isReady: waitingFor.length === 0, waitingFor };
}

/** Why a device will not get up by itself: deployments of what is wanted that were given up. */
export const failuresOf = (wanted: readonly WantedService[], services: Services): string[] =>
  wanted.flatMap(({ role, definition }) => {
    const service = services[role];
    return service?.failure !== undefined && service.definition === definition ? [`${role}: ${service.failure}`] : [];
  });

function changeOf(wanted: WantedService, service: ServiceState | undefined, count: number): ServiceChange | undefined {
  if (!service) return { kind: 'create', wanted, count };
  if (service.isDraining) return undefined;
  const differences = [
    service.definition !== wanted.definition && 'another task definition',
    service.desired !== count && `${service.desired} containers instead of ${count}`,
    (service.minimumHealthyPercent !== wanted.minimumHealthyPercent ||
      service.maximumPercent !== wanted.maximumPercent) &&
      'other deployment limits',
    service.failure !== undefined && `a deployment that was given up (${service.failure})`,
  ].filter((difference) => difference !== false);
  if (differences.length === 0) return undefined;
  const restart = service.failure !== undefined && service.definition === wanted.definition;
  return { kind: 'update', wanted, count, restart, reason: differences.join(', ') };
}

const letsOthersStart = ({ role, definition }: WantedService, service: ServiceState | undefined): boolean =>
  service !== undefined &&
  !service.isDraining &&
  (role === 'web' ? service.isSteady && service.definition === definition : service.running > 0);

function waitingWords({ role, count }: WantedService, service: ServiceState | undefined): string {
  return `${role}: ${service?.running ?? 0} of ${count} containers run`;
}
