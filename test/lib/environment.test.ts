import { describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../lambdas/outbound/attempt.ts';
import { EVERYTHING, pathOf, resourcesOf, synthesize } from './synthesize.ts';

const withFleet = synthesize(EVERYTHING);
const { stacks, gateway } = synthesize();

describe('the environment', () => {
  const names: Record<string, string[]> = {
    Api: [
      'CALLBACKS_QUEUE_URL',
      'INBOUND_QUEUE_URL',
      'MASTER_KEY_SECRET_ID',
      'MEDIA_BUCKET_NAME',
      'OUTBOUND_QUEUE_URL',
      'TABLE_NAME',
    ],
    Deliver: ['CALLBACKS_QUEUE_URL', 'LEASE_SECONDS', 'OUTBOUND_QUEUE_URL', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Webhook: ['CALLBACKS_QUEUE_URL', 'GATEWAY_URL', 'INBOUND_QUEUE_URL', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Apply: ['CALLBACKS_QUEUE_URL', 'INBOUND_QUEUE_URL', 'MEDIA_BUCKET_NAME', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Notify: ['CALLBACKS_QUEUE_URL', 'MASTER_KEY_SECRET_ID', 'OUTBOUND_QUEUE_URL', 'TABLE_NAME'],
    Senders: [
      'MASTER_KEY_SECRET_ID',
      'REGISTER_CLOUD_NUMBER_STATE_MACHINE_ARN',
      'RETIRE_NUMBER_STATE_MACHINE_ARN',
      'SENDER_SECRET_PREFIX',
      'TABLE_NAME',
      'UPDATE_NUMBER_STATE_MACHINE_ARN',
    ],
    Register: ['GATEWAY_URL', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Renew: ['SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Sweep: ['CALLBACKS_QUEUE_URL', 'OUTBOUND_QUEUE_URL', 'TABLE_NAME'],
    Bury: ['CALLBACKS_DLQ_URL', 'INBOUND_DLQ_URL', 'OUTBOUND_DLQ_URL', 'TABLE_NAME'],
  };
  const common = ['ALLOW_LOOPBACK_URLS', 'NODE_OPTIONS', 'ROOT_ACCOUNT_SID'];
  const functions = new Map(
    resourcesOf(gateway, 'AWS::Lambda::Function').map(({ id, properties }) => [
      pathOf(stacks.gateway, id).split('/').at(-1),
      (properties['Environment'] as { Variables: Record<string, unknown> }).Variables,
    ]),
  );

  it.each(Object.entries(names))('of %s names what it was given, and no more', (id, expected) => {
    expect(Object.keys(functions.get(id) ?? {}).sort()).toEqual([...common, ...expected].sort());
  });

  it('lets an attempt to deliver take half a minute before another function may take the message over', () => {
    expect(LEASE_MS).toBe(30_000);
    expect(functions.get('Deliver')?.['LEASE_SECONDS']).toBe(String(LEASE_MS / 1_000));
  });

  it.each([
    ['Senders', ['REGISTER_DEVICE_STATE_MACHINE_ARN', ...(names['Senders'] ?? [])]],
    ['Fleet', ['FLEET', 'SENDER_SECRET_PREFIX', 'TABLE_NAME']],
    ['Reconcile', ['FLEET', 'RETIRE_NUMBER_STATE_MACHINE_ARN', 'SENDER_SECRET_PREFIX', 'TABLE_NAME']],
  ])('of %s, where there are devices, names them too', (id, expected) => {
    const found = resourcesOf(withFleet.gateway, 'AWS::Lambda::Function').find(
      (one) => pathOf(withFleet.stacks.gateway, one.id).split('/').at(-1) === id,
    );
    const environment = found?.properties['Environment'] as { Variables: object } | undefined;
    expect(Object.keys(environment?.Variables ?? {}).sort()).toEqual([...common, ...expected].sort());
  });

  it('names where channels call only where that is another address than the gateway’s', () => {
    const changed = resourcesOf(synthesize({ webhooks: 'function-url' }).gateway, 'AWS::Lambda::Function');
    const knowing = changed.filter(({ properties }) =>
      JSON.stringify(properties['Environment']).includes('WEBHOOK_URL'),
    );
    expect(knowing.map(({ id }) => id.replace(/[0-9A-F]{8}$/, '').replace(/^Switchboard/, '')).sort()).toEqual([
      'RegistrationRegister',
      'Senders',
    ]);
  });

  it('refuses loopback URLs unless the configuration allows them', () => {
    expect([...functions.values()].map((variables) => variables['ALLOW_LOOPBACK_URLS'])).toEqual(
      Array(10).fill('false'),
    );
    const allowing = resourcesOf(synthesize({ allowLoopbackUrls: true }).gateway, 'AWS::Lambda::Function');
    for (const { properties } of allowing) {
      expect(properties['Environment']).toMatchObject({ Variables: { ALLOW_LOOPBACK_URLS: 'true' } });
    }
  });
});
