import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planContainers } from '../../lambdas/domain/device.ts';
import {
  DEVICE_MODES,
  deviceShapeSchema,
  needsCleanBreak,
  planDevice,
  SHARD_COUNTS,
} from '../../lambdas/domain/topology.ts';

const counts = (mode: (typeof DEVICE_MODES)[number], shards = 1) =>
  Object.fromEntries(planDevice({ mode, shards }, { simulated: false }).map(({ role, count }) => [role, count]));

const anyShape = fc.record({ mode: fc.constantFrom(...DEVICE_MODES), shards: fc.constantFrom(...SHARD_COUNTS) });

describe('the containers of a device', () => {
  it.each([
    ['single', 1, { web: 1, coreapp: 1 }],
    ['high-availability', 1, { web: 2, master: 2, coreapp: 2 }],
    ['multiconnect', 1, { web: 2, master: 2, coreapp: 2 }],
    ['multiconnect', 2, { web: 2, master: 2, coreapp: 3 }],
    ['multiconnect', 16, { web: 2, master: 2, coreapp: 17 }],
    ['multiconnect', 32, { web: 3, master: 2, coreapp: 33 }],
  ] as const)('%s with %i shards', (mode, shards, expected) => {
    expect(counts(mode, shards)).toEqual(expected);
  });

  it('start in the order web, master, coreapp', () => {
    const order = planDevice({ mode: 'multiconnect', shards: 4 }, { simulated: true }).map(({ role }) => role);
    expect(order).toEqual(['web', 'master', 'coreapp']);
  });

  it('never have a second session of a number beside the first while one is replaced', () => {
    fc.assert(
      fc.property(anyShape, fc.boolean(), (shape, simulated) => {
        for (const { count, minimumHealthyPercent, maximumPercent } of planDevice(shape, { simulated })) {
          expect(maximumPercent).toBe(100);
          // At least one may go before the next one comes, or a deployment could never begin.
          expect(Math.ceil((count * minimumHealthyPercent) / 100)).toBeLessThan(count);
        }
      }),
    );
  });

  it('have a coreapp for each shard and one to spare, and masters only where there is more than one coreapp', () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        const { web = 0, master = 0, coreapp = 0 } = counts(shape.mode, shape.shards);
        if (shape.mode === 'single') expect({ web, master, coreapp }).toEqual({ web: 1, master: 0, coreapp: 1 });
        else {
          expect(coreapp).toBe((shape.mode === 'multiconnect' ? shape.shards : 1) + 1);
          expect(master).toBe(2);
          expect(web).toBeGreaterThanOrEqual(2);
        }
      }),
    );
  });

  it('are of sizes that Fargate has', () => {
    const fargate: Record<number, number[]> = { 256: [512, 1024, 2048], 512: [1024, 2048, 3072, 4096] };
    fc.assert(
      fc.property(anyShape, fc.boolean(), (shape, simulated) => {
        for (const { cpu, memoryMiB } of planDevice(shape, { simulated })) expect(fargate[cpu]).toContain(memoryMiB);
      }),
    );
  });

  it('have a name in the network only where another part looks for them by name: each costs', () => {
    const named = (mode: (typeof DEVICE_MODES)[number]) =>
      planDevice({ mode, shards: 2 }, { simulated: false }).flatMap((plan) => (plan.named ? [plan.role] : []));
    expect(named('single')).toEqual(['web', 'coreapp']);
    expect(named('high-availability')).toEqual(['web']);
    expect(named('multiconnect')).toEqual(['web']);
  });

  it.each([
    ['fewer shards keep the coreapps of the shards in force', { mode: 'multiconnect', shards: 2 }, 8, 9],
    ['more shards get theirs before they are in force', { mode: 'multiconnect', shards: 8 }, 2, 9],
    ['high availability after multiconnect', { mode: 'high-availability', shards: 1 }, 4, 5],
    ['nothing in force yet', { mode: 'multiconnect', shards: 4 }, undefined, 5],
    ['a single device has one, whatever was', { mode: 'single', shards: 1 }, 8, 1],
  ] as const)('%s', (_, shape, inForce, coreapps) => {
    const plan = planContainers(shape, inForce, { simulated: true });
    expect(plan.find(({ role }) => role === 'coreapp')?.count).toBe(coreapps);
  });
});

describe("a device's shape", () => {
  it('is read from the text fields of a sender, and is a single device without them', () => {
    expect(deviceShapeSchema.parse({ wabaId: '1' })).toEqual({ mode: 'single', shards: 1 });
    expect(deviceShapeSchema.parse({ mode: 'multiconnect', shards: '16' })).toEqual({
      mode: 'multiconnect',
      shards: 16,
    });
  });

  it.each([{ mode: 'double' }, { mode: 'multiconnect', shards: '3' }, { shards: '64' }, { shards: 'many' }])(
    'is refused: %o',
    (fields) => {
      expect(deviceShapeSchema.safeParse(fields).success).toBe(false);
    },
  );

  it('needs a moment without containers between one that works alone and one with masters', () => {
    const breaks = DEVICE_MODES.flatMap((from) =>
      DEVICE_MODES.filter((to) => needsCleanBreak(from, to)).map((to) => `${from} > ${to}`),
    );
    expect(breaks).toEqual([
      'single > high-availability',
      'single > multiconnect',
      'high-availability > single',
      'multiconnect > single',
    ]);
  });
});
