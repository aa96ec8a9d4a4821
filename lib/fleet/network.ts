import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge } from '../shared/acknowledge.ts';
import { removalPolicyOf } from '../shared/removal.ts';

/** Names in it end with this. Only the fleet's own network resolves them, so every gateway can use the same one. */
const NAMESPACE = 'switchboard.internal';

/** Where the fleet's containers run: subnets without a way in from the internet, and one ECS cluster for all of them. */
export class FleetNetwork extends Construct {
  readonly vpc: Vpc;
  readonly cluster: Cluster;
  readonly namespace: PrivateDnsNamespace;

  /** The functions that call devices. */
  readonly callers: SecurityGroup;

  /** Where containers and databases go: addresses of their own that the internet cannot reach. */
  readonly subnets: SubnetSelection = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };

  constructor(scope: Construct, id: string, config: SwitchboardConfig) {
    super(scope, id);
    this.vpc = this.#createVpc(config);
    this.callers = new SecurityGroup(this, 'Callers', { vpc: this.vpc, description: 'Functions that call devices' });
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: this.vpc,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    acknowledge(
      this.cluster,
      'AwsSolutions-ECS4',
      'CPU and memory of each service are measured without Container Insights, which bills each metric of each number.',
    );
    this.namespace = new PrivateDnsNamespace(this, 'Names', { vpc: this.vpc, name: NAMESPACE });
  }

  #createVpc(config: SwitchboardConfig): Vpc {
    const vpc = new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: config.fleet?.natGateways ?? 1,
      subnetConfiguration: [
        // Holds the NAT gateways and nothing else.
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        // Every container has an address of its own: 16,000 of them in each availability zone.
        { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 18 },
      ],
      // Emptying it takes a custom resource with a function of its own, and nothing here joins the default group.
      restrictDefaultSecurityGroup: false,
    });
    // Free, and keep the table and the layers of images off the NAT gateway, which charges by the gigabyte.
    vpc.addGatewayEndpoint('Table', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    vpc.addGatewayEndpoint('Images', { service: GatewayVpcEndpointAwsService.S3 });
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
}
