import { fileURLToPath } from 'node:url';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DnsRecordType, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge } from '../shared/acknowledge.ts';
import type { FunctionNetwork } from '../shared/gateway-function.ts';
import { removalPolicyOf } from '../shared/removal.ts';

const SIMULATOR = fileURLToPath(new URL('../../simulators/whatsapp', import.meta.url));
const DEVICE_PORT = 8080;
const NAMESPACE = 'switchboard.internal';

export interface SandboxFleetProps {
  readonly config: SwitchboardConfig;
  readonly sandbox: { readonly numbers: readonly string[] };
  readonly image: string | undefined;
}

/**
 * Simulated WhatsApp devices: one Fargate task in a network of its own, that only the functions in `network` reach.
 * Costs about 40 dollars a month, most of it the NAT gateway.
 */
export class SandboxFleet extends Construct {
  /** For functions that call devices. */
  readonly network: FunctionNetwork;

  constructor(scope: Construct, id: string, props: SandboxFleetProps) {
    super(scope, id);
    const vpc = this.#createNetwork(props.config);
    const callers = new SecurityGroup(this, 'Callers', { vpc, description: 'Functions that call devices' });
    const devices = new SecurityGroup(this, 'Devices', { vpc, description: 'Devices of the fleet' });
    devices.addIngressRule(callers, Port.tcp(DEVICE_PORT), 'Devices answer only the functions that call them');
    this.network = { vpc, securityGroup: callers };

    this.#createService(vpc, devices, props);
  }

  #createNetwork(config: SwitchboardConfig): Vpc {
    const vpc = new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 1,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24 },
        { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      ],
      // Emptying it takes a custom resource with a function of its own, and nothing here joins the default group.
      restrictDefaultSecurityGroup: false,
    });
    // Free, and keeps table traffic off the NAT gateway, which charges by the gigabyte.
    vpc.addGatewayEndpoint('Table', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    const flowLogs = new LogGroup(this, 'FlowLogs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    });
    vpc.addFlowLog('Refused', {
      destination: FlowLogDestination.toCloudWatchLogs(flowLogs),
      trafficType: FlowLogTrafficType.REJECT,
    });
    return vpc;
  }

  #createService(vpc: Vpc, devices: SecurityGroup, { config, sandbox, image }: SandboxFleetProps): void {
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.DISABLED });
    acknowledge(
      cluster,
      'AwsSolutions-ECS4',
      'The sandbox is one task with nothing to compare; CPU and memory of the service are measured without Container Insights, which bills each metric.',
    );

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
      image: image
        ? ContainerImage.fromRegistry(image)
        : ContainerImage.fromAsset(SIMULATOR, { platform: Platform.LINUX_ARM64 }),
      portMappings: [{ containerPort: DEVICE_PORT }],
      environment: { PORT: String(DEVICE_PORT), SANDBOX_NUMBERS: sandbox.numbers.join(',') },
      secrets: { SANDBOX_ADMIN_PASSWORD: TaskSecret.fromSecretsManager(adminPassword) },
      healthCheck: {
        command: [
          'CMD-SHELL',
          `node -e "fetch('http://127.0.0.1:${DEVICE_PORT}/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"`,
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

    new FargateService(this, 'Sandbox', {
      cluster,
      taskDefinition: task,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [devices],
      desiredCount: 1,
      // Two tasks would be two separate simulated networks, so the old one goes before the new one comes.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { rollback: true },
      cloudMapOptions: {
        cloudMapNamespace: new PrivateDnsNamespace(this, 'Names', { vpc, name: NAMESPACE }),
        name: 'sandbox',
        dnsRecordType: DnsRecordType.A,
        dnsTtl: Duration.seconds(10),
      },
    });

    const url = `http://sandbox.${NAMESPACE}:${DEVICE_PORT}`;
    new CfnOutput(this, 'SandboxUrl', {
      value: url,
      description: 'The devices, for functions in their network: /devices/<number>',
    }).overrideLogicalId('SandboxUrl');
    new CfnOutput(this, 'SandboxPasswordSecret', {
      value: adminPassword.secretArn,
      description: 'The secret that holds the admin password of the devices',
    }).overrideLogicalId('SandboxPasswordSecret');
  }
}
