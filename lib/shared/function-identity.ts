import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalPolicyOf } from './removal.ts';

/** Who a function is, and where it logs. */
export interface FunctionIdentity {
  readonly role: Role;
  readonly logGroup: LogGroup;
}

/**
 * A function's own log, and its own role instead of Lambda's managed policy, which allows every log group of the AWS account.
 * @param attached whether the function is in a network
 */
export function createIdentity(
  scope: Construct,
  id: string,
  { config, attached }: { config: SwitchboardConfig; attached: boolean },
): FunctionIdentity {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: config.logRetentionDays,
    removalPolicy: removalPolicyOf(config),
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  if (attached) allowNetworkInterfaces(role);
  return { logGroup, role };
}

/** Allows actions on one resource, or one pattern of resources. */
export function allow(to: IGrantable, actions: string[], resource: string): void {
  to.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [resource] }));
}

/** A function in a VPC makes its own network interfaces; EC2 has no resource-level permissions for these calls. */
function allowNetworkInterfaces(role: Role): void {
  allow(
    role,
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    '*',
  );
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'EC2 accepts no narrower resource for the interfaces of a Lambda function.',
  );
}
