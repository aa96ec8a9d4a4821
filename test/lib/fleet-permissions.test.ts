import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesize } from './synthesize.ts';

const { gateway } = synthesize({ fleet: { devices: {} } });

interface Statement {
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

const statementsOf = (role: string): Statement[] =>
  resourcesOf(gateway, 'AWS::IAM::Policy')
    .filter(({ id }) => id.includes(role))
    .flatMap(({ properties }) => (properties['PolicyDocument'] as { Statement: Statement[] }).Statement);

/** The parts of the fleet's stack by what is in the names of its outputs. */
const NAMES: [RegExp, string][] = [
  [/task-definition\/sb-[0-9a-f]{12}-\*:\*/, 'own task definitions'],
  [/:service\/.*\/sb-[0-9a-f]{12}-\*/, "own services in the gateway's cluster"],
  [/:task\/.*\/\*/, "tasks in the gateway's cluster"],
  [/servicediscovery:.*:service\/\*/, 'names'],
  [/NetworkNames\w*Arn/, 'the namespace'],
  [/access-point\/\*/, 'access points'],
  [/MediaVolume\w*Arn/, 'the file system'],
  [/:rds:.*:cluster:/, 'the database'],
  [/MasterUserSecret/, "the database's secret"],
  [/DevicesExecutionRole\w*Arn/, 'the execution role'],
  [/DevicesTaskRole\w*Arn/, 'the task role'],
  [/^"\*"$/, 'anything'],
];
const named = (resource: unknown) => {
  const text = JSON.stringify(resource);
  return NAMES.find(([pattern]) => pattern.test(text))?.[1] ?? text;
};

/** A condition in words. */
function explained([operator, key, value]: [string, string, unknown]): string {
  const text = JSON.stringify(value);
  if (/Tag\/switchboard:gateway$/.test(key)) return `${key.split('/')[0]} is ours`;
  if (key === 'ecs:cluster' || key === 'servicediscovery:NamespaceArn') return `${operator} ${key}`;
  if (key === 'ecs:subnet') return `${operator} private ${(text.match(/PrivateSubnet\d/g) ?? []).length}`;
  return `${operator} ${key} ${text.replaceAll('"', '')}`;
}

const permissionsOf = (role: string) =>
  new Map(
    statementsOf(role).flatMap(({ Action, Resource, Condition = {} }) => {
      const conditions = Object.entries(Condition).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, value]) => explained([operator, key, value])),
      );
      return listed(Action)
        .filter((action) => /^(ecs|iam|servicediscovery|elasticfilesystem|rds-data):/.test(action))
        .map((action) => [action, { on: listed(Resource).map(named).sort(), if: conditions.sort() }] as const);
    }),
  );

const CLUSTER = 'ArnEquals ecs:cluster';
const TAGGED = 'aws:ResourceTag is ours';
const TAGGING = 'aws:RequestTag is ours';
const PRIVATE = [
  'BoolIfExists ecs:auto-assign-public-ip false',
  'ForAllValues:StringEquals private 2',
  'StringEqualsIfExists ecs:enable-execute-command false',
];
const DEFINITIONS = ['own task definitions'];
const SERVICES = ["own services in the gateway's cluster"];
const TASKS = ["tasks in the gateway's cluster"];

const RUN: Record<string, { on: string[]; if: string[] }> = {
  'ecs:RegisterTaskDefinition': { on: DEFINITIONS, if: [TAGGING] },
  'ecs:DeleteTaskDefinitions': { on: DEFINITIONS, if: [TAGGED] },
  'ecs:DeregisterTaskDefinition': { on: ['anything'], if: [] },
  'ecs:DescribeTaskDefinition': { on: ['anything'], if: [] },
  'ecs:ListTaskDefinitions': { on: ['anything'], if: [] },
  'ecs:CreateService': { on: SERVICES, if: [CLUSTER, TAGGING, ...PRIVATE] },
  'ecs:UpdateService': { on: SERVICES, if: [CLUSTER, TAGGED, ...PRIVATE] },
  'ecs:DeleteService': { on: SERVICES, if: [CLUSTER, TAGGED] },
  'ecs:DescribeServices': { on: SERVICES, if: [CLUSTER] },
  'ecs:RunTask': { on: DEFINITIONS, if: [CLUSTER, TAGGING] },
  'ecs:DescribeTasks': { on: TASKS, if: [CLUSTER] },
  'ecs:ListTasks': { on: ['anything'], if: [CLUSTER] },
  'ecs:TagResource': {
    on: [...SERVICES, ...DEFINITIONS, ...TASKS],
    if: ['StringEquals ecs:CreateAction [RegisterTaskDefinition,CreateService,RunTask]'],
  },
  'iam:PassRole': {
    on: ['the execution role', 'the task role'],
    if: ['StringEquals iam:PassedToService ecs-tasks.amazonaws.com'],
  },
  'servicediscovery:CreateService': {
    on: ['names', 'the namespace'],
    if: ['ArnEquals servicediscovery:NamespaceArn', TAGGING],
  },
  'servicediscovery:DeleteService': { on: ['names'], if: [TAGGED] },
  'servicediscovery:TagResource': { on: ['anything'], if: [TAGGING] },
  'servicediscovery:ListServices': { on: ['anything'], if: [] },
  'elasticfilesystem:CreateAccessPoint': { on: ['the file system'], if: [TAGGING] },
  'elasticfilesystem:DescribeAccessPoints': { on: ['access points', 'the file system'], if: [] },
  'elasticfilesystem:DeleteAccessPoint': { on: ['access points'], if: [TAGGED] },
  'elasticfilesystem:TagResource': {
    on: ['access points', 'the file system'],
    if: ['StringEquals elasticfilesystem:CreateAction CreateAccessPoint'],
  },
  'rds-data:ExecuteStatement': { on: ['the database'], if: [] },
};

const REPAIR: typeof RUN = {
  ...RUN,
  'ecs:ListTaskDefinitionFamilies': { on: ['anything'], if: [] },
  'ecs:ListServices': { on: ['anything'], if: [CLUSTER] },
  'ecs:StopTask': { on: TASKS, if: [CLUSTER] },
  'servicediscovery:ListTagsForResource': { on: ['anything'], if: [] },
};

describe.each([
  ['FleetRole', RUN],
  ['ReconcileRole', REPAIR],
])('what %s may do to devices at run time', (role, expected) => {
  const permissions = permissionsOf(role);

  it('is what is listed here, and no more', () => {
    expect([...permissions.keys()].sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(Object.entries(expected))('%s is as narrow as AWS allows', (action, { on, if: conditions }) => {
    expect(permissions.get(action)).toEqual({ on: [...on].sort(), if: [...conditions].sort() });
  });

  it("includes the database's secret, senders' secrets, and no other", () => {
    const secrets = statementsOf(role).filter(({ Action }) => listed(Action).join().includes('secretsmanager:'));
    expect(secrets.map(({ Action }) => Action)).toEqual(['secretsmanager:GetSecretValue']);
    expect(secrets.flatMap(({ Resource }) => listed(Resource)).map((one) => named(one).slice(0, 21))).toEqual([
      "the database's secret",
      expect.stringContaining('Fn::Join'),
    ]);
    expect(JSON.stringify(secrets)).toMatch(/secret:switchboard\/[0-9a-f]{12}\/senders\/\*/);
  });
});

describe('who may do anything to devices', () => {
  it('are the function that the workflows call and the one that repairs', () => {
    const roles = resourcesOf(gateway, 'AWS::IAM::Policy').filter(({ properties }) =>
      /"(ecs|rds-data|elasticfilesystem|servicediscovery|iam):/.test(JSON.stringify(properties['PolicyDocument'])),
    );
    expect(roles.map(({ id }) => /(Fleet|Reconcile)Role/.exec(id)?.[1]).sort()).toEqual(['Fleet', 'Reconcile']);
  });

  it('and the rest of what Reconcile needs: executions, and removals to begin again', () => {
    const states = statementsOf('ReconcileRole').filter(({ Action }) => listed(Action).join().includes('states:'));
    const actions = states.flatMap(({ Action, Resource }) =>
      listed(Action).map((action) => [action, listed(Resource).length]),
    );
    expect(Object.fromEntries(actions)).toEqual({ 'states:StartExecution': 1, 'states:DescribeExecution': 4 });
    expect(JSON.stringify(states)).toContain('{"Ref":"SwitchboardRegistrationRetireNumber');
  });
});
