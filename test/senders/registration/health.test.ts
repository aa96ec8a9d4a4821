import { describe, expect, it } from 'vitest';
import {
  type Arrangement,
  connectionProblem,
  isRegistered,
  readHealth,
  startProblem,
} from '../../../lambdas/senders/device/health.ts';

const node = (gateway_status: string, role: string) => ({ gateway_status, role });
const sick = { errors: [{ code: 1011, title: 'Service not ready' }] };
const SINGLE: Arrangement = { mode: 'single', shards: 1 };
const HA: Arrangement = { mode: 'high-availability', shards: 1 };
const TWO_SHARDS: Arrangement = { mode: 'multiconnect', shards: 2 };

const cluster = (master: string, ...coreapps: (string | undefined)[]) => ({
  'master1:a': node(master, 'primary_master'),
  'master2:b': node('disconnected', 'secondary_master'),
  ...Object.fromEntries(
    coreapps.map((status, index) => [`wacore${index}:c`, status === undefined ? sick : node(status, 'coreapp')]),
  ),
});
const read = (health: unknown) => readHealth({ health, meta: {} }) ?? [];

describe('A device’s health', () => {
  it.each<[what: string, arrangement: Arrangement, health: unknown, problem: RegExp | undefined]>([
    ['a new single one', SINGLE, { gateway_status: 'unregistered' }, undefined],
    ['one that was registered before', SINGLE, { gateway_status: 'connected' }, undefined],
    ['a schema that is being made', SINGLE, { gateway_status: 'uninitialized' }, /1 container is still initializing/],
    ['a new cluster', HA, cluster('unregistered', 'unregistered', 'unregistered'), undefined],
    ['a cluster with one sick coreapp', HA, cluster('unregistered', undefined, 'unregistered'), undefined],
    ['a cluster without a coreapp', HA, cluster('unregistered', undefined, undefined), /0 of the 1 coreapps/],
    ['a cluster that has elected nobody', HA, { 'wacore1:a': node('unregistered', 'coreapp') }, /no primary master/],
    ['too few coreapps for the shards', TWO_SHARDS, cluster('unregistered', 'unregistered'), /1 of the 2 coreapps/],
    ['enough for the shards', TWO_SHARDS, cluster('unregistered', 'unregistered', 'unregistered'), undefined],
    ['a node that is behind', HA, cluster('uninitialized', 'unregistered', 'uninitialized'), /2 containers are still/],
  ])('lets it be registered or says why not: %s', (_, arrangement, health, problem) => {
    if (problem) expect(startProblem(read(health), arrangement)).toMatch(problem);
    else expect(startProblem(read(health), arrangement)).toBeUndefined();
  });

  it.each<[what: string, arrangement: Arrangement, health: unknown, problem: RegExp | undefined]>([
    ['single, connected', SINGLE, { gateway_status: 'connected' }, undefined],
    ['single, connecting', SINGLE, { gateway_status: 'connecting' }, /it is connecting/],
    ['exactly one coreapp', HA, cluster('disconnected', 'connected', 'disconnected'), undefined],
    ['two coreapps where one should be', HA, cluster('disconnected', 'connected', 'connected'), /2 coreapps/],
    ['none', HA, cluster('disconnected', 'disconnected', undefined), /0 coreapps/],
    [
      'a coreapp for each shard, a spare, the master',
      TWO_SHARDS,
      cluster('connected', 'connected', 'connected', 'disconnected'),
      undefined,
    ],
    [
      'the master without a connection',
      TWO_SHARDS,
      cluster('disconnected', 'connected', 'connected'),
      /primary master/,
    ],
    ['one shard without a coreapp', TWO_SHARDS, cluster('connected', 'connected', undefined), /1 coreapps/],
  ])('is connected as its mode wants, or says why not: %s', (_, arrangement, health, problem) => {
    if (problem) expect(connectionProblem(read(health), arrangement)).toMatch(problem);
    else expect(connectionProblem(read(health), arrangement)).toBeUndefined();
  });

  it('tells a registered number from one that is not', () => {
    expect(isRegistered(read({ gateway_status: 'unregistered' }))).toBe(false);
    expect(isRegistered(read({ gateway_status: 'connecting' }))).toBe(true);
    expect(isRegistered(read(cluster('unregistered', 'unregistered')))).toBe(false);
    expect(isRegistered(read(cluster('disconnected', 'connected')))).toBe(true);
  });

  it.each([undefined, {}, { health: 'good' }, { errors: [] }])('is not read from %j', (body) => {
    expect(readHealth(body)).toBeUndefined();
  });
});
