import { afterAll, beforeAll, expect, it } from 'vitest';
import { readHealth } from '../../lambdas/senders/device/health.ts';
import { type FleetAws, startFleetAws } from './aws.ts';
import { startDevice } from './steps.ts';

let aws: FleetAws;
beforeAll(async () => {
  aws = await startFleetAws({ simulator: true });
});
afterAll(() => aws.stop());

it.each([
  ['single', []],
  ['high-availability', ['coreapp', 'coreapp', 'primary_master', 'secondary_master']],
])(
  'containers that are the simulator find each other, %s, and answer to the key in the secret',
  async (mode, roles) => {
    const sender = await aws.addSender({ mode });
    await startDevice(sender, aws.fleet);
    const { url } = (await aws.fleet.devices.get(sender.sid)) ?? { url: '' };
    const ask = async (key: string) => {
      const web = aws.cloudMap.resolve(new URL(url).hostname);
      return fetch(`${web}/v1/health`, { headers: { authorization: `Apikey ${key}` } });
    };
    const nodesOf = async () => readHealth(await (await ask('api-key-of-this-device')).json()) ?? [];

    // A container announces itself a moment after it answers.
    const found = () => nodesOf().then((nodes) => nodes.map(({ status }) => status));
    await expect.poll(found, { timeout: 10_000 }).toEqual(Array(roles.length || 1).fill('unregistered'));
    expect((await nodesOf()).flatMap(({ role }) => role ?? []).toSorted()).toEqual(roles);
    expect((await ask('another-key-altogether')).status).toBe(401);
  },
);
