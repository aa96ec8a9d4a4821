import { describe, expect, it } from 'vitest';
import { EVERYTHING, pathOf, resourcesOf, synthesize, target } from './synthesize.ts';

const withFleet = synthesize(EVERYTHING);
const both = [withFleet.gateway, withFleet.fleet];
const { stacks, gateway } = synthesize();

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
}

function policiesOf(template: typeof gateway) {
  return resourcesOf(template, 'AWS::IAM::Policy').map(({ id, properties }) => ({
    id,
    role: target((properties['Roles'] as unknown[])[0]),
    statements: (properties['PolicyDocument'] as { Statement: Statement[] }).Statement,
  }));
}

/** `ApiRole`, or `RetireNumberRole` for the role that a workflow calls just `Role`. */
function roleName(logicalId: string): string {
  const [owner, name] = pathOf(stacks.gateway, logicalId).split('/').slice(-2);
  return name === 'Role' ? `${owner}Role` : (name ?? logicalId);
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
    [/:sms-voice:\*:.*:(phone-number|pool|sender-id)\/\*/, 'any $1'],
    [/Logs/, 'own log'],
    [/s3:::switchboard-[0-9a-f]{12}-.*\/\*/, 'media'],
    [/(Outbound|Inbound|Callbacks)QueueDeadLetters/, '$1 dead letters'],
    [/(Outbound|Inbound|Callbacks)Queue/, '$1 queue'],
    [/"SwitchboardRegistration(\w+?)[0-9A-F]{8}","Name"\]},":\*"/, 'executions of $1'],
    [/"Ref":"SwitchboardRegistration(\w+?)[0-9A-F]{8}"/, '$1'],
    [/"Switchboard(?:Registration|Maintenance)(\w+?)[0-9A-F]{8}","Arn"\]},":\*"/, 'versions of $1'],
    [/"Switchboard(?:Registration|Maintenance)(\w+?)[0-9A-F]{8}","Arn"/, '$1'],
  ];
  const [pattern, name] = known.find(([candidate]) => candidate.test(text)) ?? [];
  if (!pattern || !name) return text;
  const [first = '', ...rest] = pattern.exec(text)?.[1] ?? '';
  return name.replace('$1', () => first.toLowerCase() + rest.join(''));
}

/** Each role's permissions as `action on resource`, from all of its policies. */
const permissions = new Map<string, string[]>();
for (const { role, statements } of policiesOf(gateway)) {
  const allowed = statements.flatMap(({ Action, Resource }) =>
    listed(Action).flatMap((action) => listed(Resource).map((resource) => `${action} on ${named(resource)}`)),
  );
  const others = allowed.filter((permission) => !/^logs:(CreateLogStream|PutLogEvents) on own log$/.test(permission));
  permissions.set(roleName(role), [...(permissions.get(roleName(role)) ?? []), ...others].sort());
}

const table = (...actions: string[]) => actions.map((action) => `dynamodb:${action} on table`);
const consume = (queue: string) =>
  ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
    (action) => `sqs:${action} on ${queue} queue`,
  );
const secrets = (...actions: string[]) => actions.map((action) => `secretsmanager:${action} on sender secrets`);
const signed = (...actions: string[]) =>
  actions.flatMap((action) => ['phone-number', 'pool', 'sender-id'].map((kind) => `${action} on any ${kind}`));
const masterKey = 'secretsmanager:GetSecretValue on master key';
const invoke = (...functions: string[]) => functions.map((name) => `lambda:InvokeFunction on ${name}`);
const executions = (actions: string[], ...workflows: string[]) =>
  actions.flatMap((action) => workflows.map((workflow) => `states:${action} on executions of ${workflow}`));
/** What a state machine needs to log its errors. */
const deliverLogs = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];
const workflow = [...deliverLogs.map((action) => `${action} on "*"`), ...invoke('register')];

const allowed: Record<string, string[]> = {
  ApiRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    masterKey,
    's3:DeleteObject on media',
    's3:GetObject on media',
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on inbound queue',
    'sqs:SendMessage on outbound queue',
  ],
  DeliverRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    ...secrets('GetSecretValue', 'PutSecretValue'),
    ...consume('outbound'),
    // What specs say that their channels need.
    ...signed('sms-voice:SendTextMessage', 'sms-voice:SendMediaMessage'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on outbound queue',
  ],
  WebhookRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'Query'),
    ...secrets('GetSecretValue'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on inbound queue',
  ],
  ApplyRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    ...secrets('GetSecretValue', 'PutSecretValue'),
    's3:PutObject on media',
    ...consume('inbound'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on inbound queue',
  ],
  NotifyRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
    masterKey,
    ...consume('callbacks'),
    'sqs:SendMessage on outbound queue',
  ],
  SendersRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    masterKey,
    ...secrets('CreateSecret', 'DeleteSecret', 'GetSecretValue', 'PutSecretValue'),
    ...['registerCloudNumber', 'updateNumber', 'retireNumber'].map((name) => `states:StartExecution on ${name}`),
    // Only what waits for a code can be answered.
    'states:SendTaskSuccess on registerCloudNumber',
    ...executions(['DescribeExecution'], 'registerCloudNumber', 'updateNumber', 'retireNumber'),
  ],
  RegisterRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
    ...secrets('CreateSecret', 'DeleteSecret', 'GetSecretValue', 'PutSecretValue'),
    // What a removal may cut off: everything but another removal.
    ...executions(['DescribeExecution', 'StopExecution'], 'registerCloudNumber', 'updateNumber'),
  ],
  RegisterCloudNumberRole: workflow,
  UpdateNumberRole: workflow,
  RetireNumberRole: workflow,
  RenewRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    ...secrets('GetSecretValue', 'PutSecretValue'),
  ],
  RenewScheduleRole: [...invoke('renew'), 'lambda:InvokeFunction on versions of renew'],
  SweepRole: [
    ...table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'),
    'sqs:SendMessage on callbacks queue',
    'sqs:SendMessage on outbound queue',
  ],
  BuryRole: [
    ...table('GetItem', 'PutItem'),
    ...['outbound', 'inbound', 'callbacks'].flatMap((queue) =>
      ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
        (action) => `sqs:${action} on ${queue} dead letters`,
      ),
    ),
  ],
  SweepScheduleRole: [...invoke('sweep'), 'lambda:InvokeFunction on versions of sweep'],
};

describe('least privilege', () => {
  it('knows every role', () => {
    expect([...permissions.keys()].sort()).toEqual(Object.keys(allowed).sort());
  });

  it.each(Object.entries(allowed))('%s may do its work and nothing else', (role, expected) => {
    expect(permissions.get(role)).toEqual([...expected].sort());
  });

  it('gives no role a policy that AWS manages', () => {
    const roles = both.flatMap((template) => resourcesOf(template, 'AWS::IAM::Role'));
    expect(roles.length).toBeGreaterThan(6);
    expect(roles.filter(({ properties }) => 'ManagedPolicyArns' in properties)).toEqual([]);
  });

  it('allows actions by name, never by pattern', () => {
    const actions = both
      .flatMap((template) => policiesOf(template))
      .flatMap(({ statements }) => statements.flatMap(({ Action }) => listed(Action)));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('allows all resources only where AWS knows no narrower one', () => {
    const anywhere = both
      .flatMap((template) => policiesOf(template))
      .flatMap(({ statements }) =>
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
      'ecs:DeregisterTaskDefinition',
      'ecs:DescribeTaskDefinition',
      'ecs:ListServices',
      'ecs:ListTaskDefinitionFamilies',
      'ecs:ListTaskDefinitions',
      'ecs:ListTasks',
      ...deliverLogs,
      'servicediscovery:ListServices',
      'servicediscovery:ListTagsForResource',
      'servicediscovery:TagResource',
    ]);
  });

  it('refuses unencrypted requests to every queue', () => {
    const guarded = resourcesOf(gateway, 'AWS::SQS::QueuePolicy').filter(({ properties }) =>
      JSON.stringify(properties['PolicyDocument']).includes('{"Bool":{"aws:SecureTransport":"false"}}'),
    );
    expect(guarded).toHaveLength(6);
  });
});
