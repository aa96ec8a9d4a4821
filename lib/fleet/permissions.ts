import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Devices } from './devices.ts';

/** What a function does with devices: makes and removes them, or also finds and mends what is wrong with them. */
export type FleetAccess = 'run' | 'repair';

export interface Permission {
  readonly statement: PolicyStatement;
  /** The ARN patterns among its resources. */
  readonly patterns: readonly string[];
}

/** Why permissions have patterns for resources. */
export const WHY_PATTERNS =
  "What devices consist of is made at run time, so it is known here by this gateway's names, cluster and tag; where none of them is a condition, AWS offers none for the call.";

/** The tag that everything of this gateway carries; `lambdas/domain/device-names.ts` sets it. */
const TAG = 'switchboard:gateway';

/**
 * What a function may do to devices at run time. Wherever AWS lets a permission be narrowed, it is: to this gateway's cluster, to its
 * names, to what carries its tag, to private subnets, and to the two roles that containers have.
 */
export function fleetPermissions(devices: Devices, access: FleetAccess): Permission[] {
  const arns = arnsOf(devices);
  const tagged = { StringEquals: { [`aws:ResourceTag/${TAG}`]: devices.gateway } };
  const tagging = { StringEquals: { [`aws:RequestTag/${TAG}`]: devices.gateway } };
  const inCluster = { ArnEquals: { 'ecs:cluster': devices.network.cluster.clusterArn } };
  const repair = access === 'repair';

  return [
    // Task definitions belong to the AWS account, not to a cluster; their names tell whose they are.
    allow(['ecs:RegisterTaskDefinition'], [arns.definitions], tagging),
    allow(['ecs:DeleteTaskDefinitions'], [arns.definitions], tagged),
    allow(
      [
        'ecs:DeregisterTaskDefinition',
        'ecs:DescribeTaskDefinition',
        'ecs:ListTaskDefinitions',
        ...(repair ? ['ecs:ListTaskDefinitionFamilies'] : []),
      ],
      ['*'],
    ),

    allow(['ecs:CreateService'], [arns.services], { ...merged(inCluster, tagging), ...privately(devices) }),
    allow(['ecs:UpdateService'], [arns.services], { ...merged(inCluster, tagged), ...privately(devices) }),
    allow(['ecs:DeleteService'], [arns.services], merged(inCluster, tagged)),
    // Asked of services that may not exist, and what does not exist has no tag.
    allow(['ecs:DescribeServices'], [arns.services], inCluster),
    allow(['ecs:RunTask'], [arns.definitions], merged(inCluster, tagging)),
    allow(['ecs:DescribeTasks', ...(repair ? ['ecs:StopTask'] : [])], [arns.tasks], inCluster),
    allow(['ecs:ListTasks', ...(repair ? ['ecs:ListServices'] : [])], ['*'], inCluster),
    allow(['ecs:TagResource'], [arns.definitions, arns.services, arns.tasks], {
      StringEquals: { 'ecs:CreateAction': ['RegisterTaskDefinition', 'CreateService', 'RunTask'] },
    }),
    allow(['iam:PassRole'], [devices.executionRole.roleArn, devices.taskRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    }),

    // Cloud Map keeps the DNS records itself, so its caller needs nothing in Route 53.
    allow(['servicediscovery:CreateService'], [devices.network.namespace.namespaceArn, arns.names], {
      ...tagging,
      ArnEquals: { 'servicediscovery:NamespaceArn': devices.network.namespace.namespaceArn },
    }),
    allow(['servicediscovery:DeleteService'], [arns.names], tagged),
    allow(['servicediscovery:TagResource'], ['*'], tagging),
    allow(['servicediscovery:ListServices', ...(repair ? ['servicediscovery:ListTagsForResource'] : [])], ['*']),

    allow(['elasticfilesystem:CreateAccessPoint'], [arns.fileSystem], tagging),
    allow(['elasticfilesystem:DescribeAccessPoints'], [arns.fileSystem, devices.media.accessPointsArn]),
    allow(['elasticfilesystem:DeleteAccessPoint'], [devices.media.accessPointsArn], tagged),
    allow(['elasticfilesystem:TagResource'], [arns.fileSystem, devices.media.accessPointsArn], {
      StringEquals: { 'elasticfilesystem:CreateAction': 'CreateAccessPoint' },
    }),

    allow(['rds-data:ExecuteStatement'], [devices.database.cluster.clusterArn]),
    allow(['secretsmanager:GetSecretValue'], [devices.database.secretArn]),
  ];
}

type Conditions = Record<string, Record<string, string | string[]>>;

function allow(actions: string[], resources: string[], conditions: Conditions = {}): Permission {
  return {
    statement: new PolicyStatement({ actions, resources, conditions }),
    patterns: resources.filter((resource) => resource.endsWith('*')),
  };
}

const merged = (...conditions: Conditions[]): Conditions => Object.assign({}, ...conditions);

/** Only in the fleet's private subnets, without a public address and without a way to open a shell in a container. */
function privately({ network }: Devices): Conditions {
  return {
    'ForAllValues:StringEquals': { 'ecs:subnet': network.vpc.selectSubnets(network.subnets).subnetIds },
    BoolIfExists: { 'ecs:auto-assign-public-ip': 'false' },
    StringEqualsIfExists: { 'ecs:enable-execute-command': 'false' },
  };
}

function arnsOf(devices: Devices) {
  const { cluster } = devices.network;
  const arn = (service: string, resource: string, resourceName: string) =>
    Stack.of(devices).formatArn({ service, resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  return {
    definitions: arn('ecs', 'task-definition', `${devices.namePrefix}*:*`),
    services: arn('ecs', 'service', `${cluster.clusterName}/${devices.namePrefix}*`),
    tasks: arn('ecs', 'task', `${cluster.clusterName}/*`),
    names: arn('servicediscovery', 'service', '*'),
    fileSystem: devices.media.fileSystem.fileSystemArn,
  };
}
