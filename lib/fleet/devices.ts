import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge, acknowledgePattern } from '../shared/acknowledge.ts';
import { removalPolicyOf } from '../shared/removal.ts';
import type { Storage } from '../storage/storage.ts';
import type { DevicesConfig, FleetConfig } from './config.ts';
import { Database } from './database.ts';
import { type DeviceImages, deviceImages } from './images.ts';
import { Media } from './media.ts';
import type { FleetNetwork } from './network.ts';
import { CORE_PORTS, DATABASE_PORT, FILE_SYSTEM_PORT, OUTSIDE_PORTS, tcp, WEB_PORT } from './ports.ts';
import { SIMULATOR_PORT } from './simulator-image.ts';

export interface DevicesProps {
  readonly config: SwitchboardConfig;
  readonly fleet: FleetConfig;
  readonly devices: DevicesConfig;
  readonly network: FleetNetwork;
  readonly storage: Storage;
}

/**
 * What numbers on containers share. The containers themselves are data, not infrastructure: the gateway makes an ECS service for each
 * role of each number when the number is registered, and removes it with the number.
 */
export class Devices extends Construct {
  readonly network: FleetNetwork;
  readonly database: Database;
  readonly media: Media;
  readonly images: DeviceImages;

  /** Pulls images, writes the log, reads the secrets that a container is started with. */
  readonly executionRole: Role;

  /** What a container itself may do: mount its volume. */
  readonly taskRole: Role;

  readonly securityGroup: SecurityGroup;
  readonly logGroup: LogGroup;

  /** Marks everything that is made at run time as this gateway's: 32 hex digits. */
  readonly gateway: string;

  /** What the names of services and task definitions begin with: 12 of those digits. */
  readonly namePrefix: string;

  /** As images and their answers spell it: `v2.53.2`. */
  readonly #version: string | undefined;

  constructor(scope: Construct, id: string, props: DevicesProps) {
    super(scope, id);
    const { config, devices, network, storage } = props;
    this.network = network;
    this.gateway = storage.address;
    this.namePrefix = `sb-${storage.address.slice(0, 12)}-`;
    this.#version = devices.version && `v${devices.version}`;
    this.database = new Database(this, 'Database', { config, database: devices.database, network });
    this.media = new Media(this, 'Media', { config, network });
    this.images = deviceImages(this, props.fleet, devices);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    });
    this.executionRole = this.#createExecutionRole(storage);
    this.taskRole = new Role(this, 'TaskRole', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    this.media.allowMount(this.taskRole);
    this.securityGroup = this.#createSecurityGroup();
  }

  /** Where a device's web containers answer. */
  get webPort(): number {
    return this.images.simulated ? SIMULATOR_PORT : WEB_PORT;
  }

  /** Everything that the functions need to know of it, in the form of `lambdas/domain/fleet-settings.ts`: their `FLEET`. */
  get settings(): Record<string, unknown> {
    const { cluster, namespace, vpc, subnets } = this.network;
    return {
      gateway: this.gateway,
      region: Stack.of(this).region,
      cluster: cluster.clusterArn,
      subnets: vpc.selectSubnets(subnets).subnetIds,
      securityGroups: [this.securityGroup.securityGroupId],
      executionRoleArn: this.executionRole.roleArn,
      taskRoleArns: { device: this.taskRole.roleArn },
      namespaceId: namespace.namespaceId,
      namespace: namespace.namespaceName,
      logGroup: this.logGroup.logGroupName,
      databaseClusterArn: this.database.cluster.clusterArn,
      databaseSecretArn: this.database.secretArn,
      databaseHost: this.database.cluster.clusterEndpoint.hostname,
      databasePort: DATABASE_PORT,
      fileSystemId: this.media.fileSystem.fileSystemId,
      images: { web: this.images.web, coreapp: this.images.coreapp },
      simulated: this.images.simulated,
      ...(this.#version && { version: this.#version }),
      cpuArchitecture: this.images.cpuArchitecture,
      scheme: this.images.simulated ? 'http' : 'https',
      webPort: this.webPort,
    };
  }

  #createExecutionRole(storage: Storage): Role {
    const role = new Role(this, 'ExecutionRole', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    this.images.allowPull(role);
    this.logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [storage.senderSecretsArn] }),
    );
    acknowledge(role, 'AwsSolutions-IAM5[Resource::*]', 'ecr:GetAuthorizationToken accepts no narrower resource.');
    acknowledgePattern(
      role,
      storage.senderSecretsArn,
      "Senders' secrets are made at run time, so they are known here only by the prefix that this gateway alone uses.",
    );
    return role;
  }

  /** One for all containers; what they reach and who reaches them is all that is open. */
  #createSecurityGroup(): SecurityGroup {
    const group = new SecurityGroup(this, 'Containers', {
      vpc: this.network.vpc,
      description: 'Containers of devices',
      allowAllOutbound: false,
    });
    const { connections } = group;
    connections.allowFrom(this.network.callers, tcp(this.webPort), 'Functions call the web containers');
    connections.allowInternally(Port.tcpRange(CORE_PORTS.first, CORE_PORTS.last), 'Containers of a device');
    if (this.images.simulated) connections.allowInternally(tcp(SIMULATOR_PORT), 'Simulated containers of a device');
    connections.allowTo(this.database.cluster, tcp(DATABASE_PORT), 'Keys, messages and settings');
    connections.allowTo(this.media.fileSystem, tcp(FILE_SYSTEM_PORT), 'Media volumes');
    for (const port of OUTSIDE_PORTS) connections.allowTo(Peer.anyIpv4(), tcp(port), 'WhatsApp, webhooks and AWS');
    return group;
  }
}
