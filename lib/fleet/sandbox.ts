import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DnsRecordType } from 'aws-cdk-lib/aws-servicediscovery';
import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge } from '../shared/acknowledge.ts';
import { removalPolicyOf } from '../shared/removal.ts';
import type { FleetNetwork } from './network.ts';
import { tcp } from './ports.ts';
import { buildSimulatorImage, SIMULATOR_PORT } from './simulator-image.ts';

export interface SandboxProps {
  readonly config: SwitchboardConfig;
  readonly network: FleetNetwork;
  readonly numbers: readonly string[];
}

/** Simulated WhatsApp devices in one Fargate task, for trying things out: about 7 dollars a month beside the network. */
export class Sandbox extends Construct {
  constructor(scope: Construct, id: string, props: SandboxProps) {
    super(scope, id);
    const { network } = props;
    const group = new SecurityGroup(this, 'Devices', { vpc: network.vpc, description: 'Devices of the sandbox' });
    group.connections.allowFrom(
      network.callers,
      tcp(SIMULATOR_PORT),
      'Devices answer only the functions that call them',
    );
    const adminPassword = this.#createPassword();
    this.#createService(group, this.#createTask(props, adminPassword), network);
    this.#describe(network, adminPassword);
  }

  #createPassword(): Secret {
    const adminPassword = new Secret(this, 'AdminPassword', {
      description: 'Switchboard: admin password of the sandbox devices',
      // The device's own rule: 8 to 64 characters with upper case, lower case, digit and special character.
      generateSecretString: { passwordLength: 24, requireEachIncludedType: true, excludeCharacters: '"\\\'`$' },
      // Guards simulated conversations only, so it goes with them.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(
      adminPassword,
      'AwsSolutions-SMG4',
      'Guards a simulator. A new password would disconnect the registered senders.',
    );
    return adminPassword;
  }

  #createTask({ config, numbers }: SandboxProps, adminPassword: Secret): FargateTaskDefinition {
    const task = new FargateTaskDefinition(this, 'Device', {
      cpu: 256,
      memoryLimitMiB: 512,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    });
    acknowledge(
      task,
      'AwsSolutions-ECS2',
      'The port and the phone numbers are not secret; the password is, and comes from Secrets Manager.',
    );
    acknowledge(task, 'AwsSolutions-IAM5[Resource::*]', 'ecr:GetAuthorizationToken accepts no narrower resource.');
    task.addContainer('Simulator', {
      image: config.fleet?.image
        ? ContainerImage.fromRegistry(config.fleet.image)
        : ContainerImage.fromDockerImageAsset(buildSimulatorImage(this, 'Image', 'ARM64')),
      portMappings: [{ containerPort: SIMULATOR_PORT }],
      environment: { PORT: String(SIMULATOR_PORT), SANDBOX_NUMBERS: numbers.join(',') },
      secrets: { SANDBOX_ADMIN_PASSWORD: TaskSecret.fromSecretsManager(adminPassword) },
      healthCheck: {
        command: [
          'CMD-SHELL',
          `node -e "fetch('http://127.0.0.1:${SIMULATOR_PORT}/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"`,
        ],
        interval: Duration.seconds(10),
        retries: 3,
        startPeriod: Duration.seconds(20),
      },
      logging: LogDrivers.awsLogs({
        streamPrefix: 'sandbox',
        logGroup: new LogGroup(this, 'DeviceLogs', {
          retention: config.logRetentionDays,
          removalPolicy: removalPolicyOf(config),
        }),
      }),
    });
    return task;
  }

  #createService(group: SecurityGroup, taskDefinition: FargateTaskDefinition, network: FleetNetwork): void {
    new FargateService(this, 'Service', {
      cluster: network.cluster,
      taskDefinition,
      vpcSubnets: network.subnets,
      securityGroups: [group],
      desiredCount: 1,
      // Two tasks would be two separate simulated networks, so the old one goes before the new one comes.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { rollback: true },
      cloudMapOptions: {
        cloudMapNamespace: network.namespace,
        name: 'sandbox',
        dnsRecordType: DnsRecordType.A,
        dnsTtl: Duration.seconds(10),
      },
    });
  }

  #describe(network: FleetNetwork, adminPassword: Secret): void {
    const outputs = {
      SandboxUrl: {
        value: `http://sandbox.${network.namespace.namespaceName}:${SIMULATOR_PORT}`,
        description: 'The devices, for functions in their network: /devices/<number>',
      },
      SandboxPasswordSecret: {
        value: adminPassword.secretArn,
        description: 'The secret that holds the admin password of the devices',
      },
    };
    for (const [name, output] of Object.entries(outputs)) {
      new CfnOutput(this, name, output).overrideLogicalId(name);
    }
  }
}
