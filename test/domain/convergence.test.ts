import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failuresOf, nextChanges, type ServiceState, type WantedService } from '../../lambdas/domain/convergence.ts';
import { DEVICE_ROLES, type DeviceRole } from '../../lambdas/domain/device-names.ts';
import { DEVICE_MODES, planDevice, SHARD_COUNTS } from '../../lambdas/domain/topology.ts';

type Services = Partial<Record<DeviceRole, ServiceState>>;

const wantedFor = (mode: (typeof DEVICE_MODES)[number], shards = 1, revision = 1): WantedService[] =>
  planDevice({ mode, shards }, { simulated: false }).map((plan) => ({
    ...plan,
    definition: `${plan.role}:${revision}`,
  }));

const steady = (wanted: WantedService, changes: Partial<ServiceState> = {}): ServiceState => ({
  definition: wanted.definition,
  desired: wanted.count,
  running: wanted.count,
  minimumHealthyPercent: wanted.minimumHealthyPercent,
  maximumPercent: wanted.maximumPercent,
  isSteady: true,
  isDraining: false,
  ...changes,
});

const allSteady = (wanted: WantedService[]): Services =>
  Object.fromEntries(wanted.map((plan) => [plan.role, steady(plan)]));

/** What the changes say, in a line each. */
const told = (changes: ReturnType<typeof nextChanges>['changes']) =>
  changes.map((change) =>
    change.kind === 'remove' ? `remove ${change.role}` : `${change.kind} ${change.wanted.role} ${change.count}`,
  );

describe('the first start of a device', () => {
  const wanted = wantedFor('multiconnect', 2);
  const [web, master, coreapp] = wanted as [WantedService, WantedService, WantedService];

  it.each([
    ['begins with one web', {}, ['create web 1']],
    ['waits until that is healthy', { web: steady(web, { desired: 1, running: 1, isSteady: false }) }, []],
    [
      'goes on with the other web and the masters',
      { web: steady(web, { desired: 1, running: 1 }) },
      ['update web 2', 'create master 2'],
    ],
    ['waits for a master', { web: steady(web), master: steady(master, { running: 0, isSteady: false }) }, []],
    [
      'goes on with the coreapps as soon as one runs',
      { web: steady(web), master: steady(master, { running: 1, isSteady: false }) },
      ['create coreapp 3'],
    ],
    ['has nothing left to do', { web: steady(web), master: steady(master), coreapp: steady(coreapp) }, []],
  ] satisfies [string, Services, string[]][])('%s', (_, services, expected) => {
    const { changes, isReady } = nextChanges(wanted, services, 'in-order');
    expect(told(changes)).toEqual(expected);
    expect(isReady).toBe('coreapp' in services && services.coreapp !== undefined);
  });

  it('says what it waits for', () => {
    const { waitingFor } = nextChanges(
      wanted,
      { web: steady(web, { desired: 1, running: 0, isSteady: false }) },
      'in-order',
    );
    expect(waitingFor).toEqual(['web: 0 of 2 containers run']);
  });

  it('is ready only when every container runs', () => {
    const services = { ...allSteady(wanted), coreapp: steady(coreapp, { running: 2, isSteady: false }) };
    expect(nextChanges(wanted, services, 'in-order')).toEqual({
      changes: [],
      isReady: false,
      waitingFor: ['coreapp: 2 of 3 containers run'],
    });
  });
});

describe('a device that ran before', () => {
  const wanted = wantedFor('high-availability');
  const [web, master, coreapp] = wanted as [WantedService, WantedService, WantedService];

  it.each([
    ['a service is missing', { web: steady(web), coreapp: steady(coreapp) }, ['create master 2']],
    ['a count was changed', { ...allSteady(wanted), coreapp: steady(coreapp, { desired: 5 }) }, ['update coreapp 2']],
    [
      'all was scaled to nothing',
      { ...allSteady(wanted), web: steady(web, { desired: 0, running: 0 }) },
      ['update web 2'],
    ],
    ['a definition was changed', { ...allSteady(wanted), web: steady(web, { definition: 'web:7' }) }, ['update web 2']],
    [
      'deployment limits were changed',
      { ...allSteady(wanted), master: steady(master, { maximumPercent: 200 }) },
      ['update master 2'],
    ],
    [
      'a removed service is ending',
      { ...allSteady(wanted), web: steady(web, { isDraining: true, isSteady: false }) },
      [],
    ],
    ['all is well', allSteady(wanted), []],
  ] satisfies [string, Services, string[]][])('%s', (_, services, expected) => {
    expect(told(nextChanges(wanted, services, 'at-once').changes)).toEqual(expected);
  });

  it('restarts what ECS gave up on, and only that', () => {
    const services = { ...allSteady(wanted), coreapp: steady(coreapp, { failure: 'tasks failed to start' }) };
    const { changes } = nextChanges(wanted, services, 'at-once');
    expect(changes).toMatchObject([{ kind: 'update', wanted: { role: 'coreapp' }, restart: true }]);
    expect(failuresOf(wanted, services)).toEqual(['coreapp: tasks failed to start']);
    const changed = { ...services, coreapp: steady(coreapp, { failure: 'no', definition: 'coreapp:9' }) };
    expect(failuresOf(wanted, changed)).toEqual([]);
  });

  it('loses the roles that it has no more', () => {
    const single = wantedFor('single');
    const services = { ...allSteady(single), master: steady(master) };
    expect(told(nextChanges(single, services, 'in-order').changes)).toEqual(['remove master']);
    const ending = { ...allSteady(single), master: steady(master, { isDraining: true }) };
    expect(nextChanges(single, ending, 'in-order')).toMatchObject({ changes: [], isReady: false });
  });
});

describe('asked again and again', () => {
  const anyWanted = fc
    .tuple(fc.constantFrom(...DEVICE_MODES), fc.constantFrom(...SHARD_COUNTS), fc.integer({ min: 1, max: 3 }))
    .map((parts) => wantedFor(...parts));
  const anyState: fc.Arbitrary<ServiceState> = fc.record({
    definition: fc.constantFrom('web:1', 'web:2', 'master:1', 'coreapp:1', 'coreapp:2'),
    desired: fc.integer({ min: 0, max: 40 }),
    running: fc.integer({ min: 0, max: 40 }),
    minimumHealthyPercent: fc.constantFrom(0, 25, 50, 100),
    maximumPercent: fc.constantFrom(100, 200),
    isSteady: fc.boolean(),
    isDraining: fc.boolean(),
  });
  const anyServices = fc.record(
    Object.fromEntries(DEVICE_ROLES.map((role) => [role, fc.option(anyState, { nil: undefined })])),
  );

  /** ECS as it would be a while after the changes: every deployment complete, what was removed gone. */
  function settle(services: Services, changes: ReturnType<typeof nextChanges>['changes']): Services {
    const next: Services = {};
    for (const role of DEVICE_ROLES) {
      const service = services[role];
      if (service && !service.isDraining) next[role] = { ...service, running: service.desired, isSteady: true };
    }
    for (const change of changes) {
      if (change.kind === 'remove') delete next[change.role];
      else next[change.wanted.role] = steady(change.wanted, { desired: change.count, running: change.count });
    }
    return next;
  }

  it('leads from any state to the wanted one, and changes nothing there', () => {
    fc.assert(
      fc.property(
        anyWanted,
        anyServices,
        fc.constantFrom('in-order' as const, 'at-once' as const),
        (wanted, start, order) => {
          let services: Services = start;
          let rounds = 0;
          for (
            let next = nextChanges(wanted, services, order);
            !next.isReady;
            next = nextChanges(wanted, services, order)
          ) {
            services = settle(services, next.changes);
            rounds += 1;
            expect(rounds).toBeLessThan(10);
          }
          expect(services).toEqual(allSteady(wanted));
        },
      ),
    );
  });
});
