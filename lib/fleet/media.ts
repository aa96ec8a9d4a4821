import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { FileSystem, LifecyclePolicy, ThroughputMode } from 'aws-cdk-lib/aws-efs';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { removalPolicyOf } from '../shared/removal.ts';
import type { FleetNetwork } from './network.ts';

/**
 * The media volumes of the devices: one EFS file system, in which each number has a directory behind an access point of its own,
 * made when it is registered. It can be mounted through an access point, by a role that may, over TLS, and in no other way.
 *
 * Not backed up: media are on it between a message and its delivery, inbound ones are copied to S3 as they arrive, and WhatsApp keeps
 * each for 30 days. What must not be lost, a number's keys, is in the database.
 */
export class Media extends Construct {
  readonly fileSystem: FileSystem;

  /** The ARN pattern of all access points; they are made at run time. */
  readonly accessPointsArn: string;

  constructor(scope: Construct, id: string, { config, network }: { config: SwitchboardConfig; network: FleetNetwork }) {
    super(scope, id);
    this.fileSystem = new FileSystem(this, 'Volume', {
      vpc: network.vpc,
      vpcSubnets: network.subnets,
      securityGroup: new SecurityGroup(this, 'Access', {
        vpc: network.vpc,
        description: 'The media volumes of the devices',
        allowAllOutbound: false,
      }),
      encrypted: true,
      // A policy that allows nothing: so a client needs a role that may. CDK's own would let every client write as root.
      allowAnonymousAccess: true,
      fileSystemPolicy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            effect: Effect.DENY,
            principals: [new AnyPrincipal()],
            actions: ['*'],
            conditions: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      }),
      enableAutomaticBackups: false,
      throughputMode: ThroughputMode.ELASTIC,
      lifecyclePolicy: LifecyclePolicy.AFTER_30_DAYS,
      removalPolicy: removalPolicyOf(config),
    });
    this.accessPointsArn = Stack.of(this).formatArn({
      service: 'elasticfilesystem',
      resource: 'access-point',
      resourceName: '*',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  /** Lets a container mount the volume of the access point that its task definition names. */
  allowMount(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({
        actions: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
        resources: [this.fileSystem.fileSystemArn],
        conditions: {
          Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' },
          ArnLike: { 'elasticfilesystem:AccessPointArn': this.accessPointsArn },
        },
      }),
    );
  }
}
