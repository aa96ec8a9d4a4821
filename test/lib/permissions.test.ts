import { describe, expect, it } from 'vitest';
import { EVERYTHING, pathOf, resourcesOf, synthesize } from './synthesize.ts';

const withFleet = synthesize(EVERYTHING);
const { stacks, gateway } = synthesize();

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
}

function policiesOf(template: typeof gateway) {
  return resourcesOf(template, 'AWS::IAM::Policy').map(({ id, properties }) => ({
    id,
    statements: (properties['PolicyDocument'] as { Statement: Statement[] }).Statement,
  }));
}

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** What a resource in a policy is, in words: `OutboundQueue`, `Table`, `sender secrets`, `own log`. */
function named(resource: unknown): string {
  const text = JSON.stringify(resource);
  const known: [RegExp, string][] = [
    [/StorageTable/, 'table'],
    [/StorageMasterKey/, 'master key'],
    [/StorageMedia[^/]*\/\*/, 'media'],
    [/secret:switchboard\/[0-9a-f]{12}\/senders\/\*/, 'sender secrets'],
    [/Logs/, 'own log'],
    [/s3:::switchboard-[0-9a-f]{12}-.*\/\*/, 'media'],
    [/(Outbound|Inbound|Callbacks)QueueDeadLetters/, '$1 dead letters'],
    [/(Outbound|Inbound|Callbacks)Queue/, '$1 queue'],
  ];
  const [pattern, name] = known.find(([candidate]) => candidate.test(text)) ?? [];
  if (!pattern || !name) return text;
  return name.replace('$1', () => pattern.exec(text)?.[1] ?? '').toLowerCase();
}

/** Each role's permissions as `action on resource`. */
const permissions = new Map(
  policiesOf(gateway).map(({ id, statements }) => [
    pathOf(stacks.gateway, id).split('/').at(-2) ?? id,
    statements
      .flatMap(({ Action, Resource }) =>
        listed(Action).flatMap((action) => listed(Resource).map((resource) => `${action} on ${named(resource)}`)),
      )
      .filter((permission) => !/^logs:(CreateLogStream|PutLogEvents) on own log$/.test(permission))
      .sort(),
  ]),
);

const table = (...actions: string[]) => actions.map((action) => `dynamodb:${action} on table`);
const consume = (queue: string) =>
  ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
    (action) => `sqs:${action} on ${queue} queue`,
  );
const secrets = (...actions: string[]) => actions.map((action) => `secretsmanager:${action} on sender secrets`);
const masterKey = 'secretsmanager:GetSecretValue on master key';

const allowed: Record<string, string[]> = {
  ApiRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    masterKey,
    's3:GetObject on media',
    'sqs:SendMessage on outbound queue',
  ],
  DeliverRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem'),
    ...secrets('GetSecretValue', 'PutSecretValue'),
    ...consume('outbound'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on outbound dead letters',
  ],
  WebhookRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'Query'),
    ...secrets('GetSecretValue'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on inbound dead letters',
    'sqs:SendMessage on inbound queue',
  ],
  ApplyRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'Query'),
    ...secrets('GetSecretValue', 'PutSecretValue'),
    's3:PutObject on media',
    ...consume('inbound'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on inbound dead letters',
  ],
  NotifyRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
    masterKey,
    ...consume('callbacks'),
    'sqs:SendMessage on callbacks dead letters',
    'sqs:SendMessage on outbound queue',
  ],
  SendersRole: [
    ...table('GetItem', 'PutItem', 'DeleteItem', 'Query'),
    masterKey,
    ...secrets('CreateSecret', 'DeleteSecret', 'GetSecretValue', 'PutSecretValue'),
  ],
};

describe('least privilege', () => {
  it('knows every role', () => {
    expect([...permissions.keys()].sort()).toEqual(Object.keys(allowed).sort());
  });

  it.each(Object.entries(allowed))('%s may do its work and nothing else', (role, expected) => {
    expect(permissions.get(role)).toEqual([...expected].sort());
  });

  it('gives no role a policy that AWS manages', () => {
    const roles = resourcesOf(withFleet.gateway, 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(6);
    expect(roles.filter(({ properties }) => 'ManagedPolicyArns' in properties)).toEqual([]);
  });

  it('allows actions by name, never by pattern', () => {
    const actions = policiesOf(withFleet.gateway).flatMap(({ statements }) =>
      statements.flatMap(({ Action }) => listed(Action)),
    );
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('allows all resources only where AWS knows no narrower one', () => {
    const anywhere = policiesOf(withFleet.gateway).flatMap(({ statements }) =>
      statements.filter(({ Resource }) => listed(Resource).includes('*')).flatMap(({ Action }) => listed(Action)),
    );
    expect([...new Set(anywhere)].sort()).toEqual([
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
      'ecr:GetAuthorizationToken',
    ]);
  });

  it('refuses unencrypted requests to every queue', () => {
    const guarded = resourcesOf(gateway, 'AWS::SQS::QueuePolicy').filter(({ properties }) =>
      JSON.stringify(properties['PolicyDocument']).includes('{"Bool":{"aws:SecureTransport":"false"}}'),
    );
    expect(guarded).toHaveLength(6);
  });
});

describe('the environment', () => {
  const names: Record<string, string[]> = {
    Api: ['MASTER_KEY_SECRET_ID', 'MEDIA_BUCKET_NAME', 'OUTBOUND_QUEUE_URL', 'TABLE_NAME'],
    Deliver: ['CALLBACKS_QUEUE_URL', 'OUTBOUND_DLQ_URL', 'OUTBOUND_QUEUE_URL', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Webhook: ['CALLBACKS_QUEUE_URL', 'INBOUND_DLQ_URL', 'INBOUND_QUEUE_URL', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
    Apply: [
      'CALLBACKS_QUEUE_URL',
      'INBOUND_DLQ_URL',
      'INBOUND_QUEUE_URL',
      'MEDIA_BUCKET_NAME',
      'SENDER_SECRET_PREFIX',
      'TABLE_NAME',
    ],
    Notify: ['CALLBACKS_DLQ_URL', 'CALLBACKS_QUEUE_URL', 'MASTER_KEY_SECRET_ID', 'OUTBOUND_QUEUE_URL', 'TABLE_NAME'],
    Senders: ['MASTER_KEY_SECRET_ID', 'SENDER_SECRET_PREFIX', 'TABLE_NAME'],
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

  it('refuses loopback URLs unless the configuration allows them', () => {
    expect([...functions.values()].map((variables) => variables['ALLOW_LOOPBACK_URLS'])).toEqual(
      Array(6).fill('false'),
    );
    const allowing = resourcesOf(synthesize({ allowLoopbackUrls: true }).gateway, 'AWS::Lambda::Function');
    for (const { properties } of allowing) {
      expect(properties['Environment']).toMatchObject({ Variables: { ALLOW_LOOPBACK_URLS: 'true' } });
    }
  });
});
