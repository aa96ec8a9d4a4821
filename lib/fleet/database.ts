import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraMysqlEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import { acknowledge } from '../shared/acknowledge.ts';
import type { DevicesConfig } from './config.ts';
import type { FleetNetwork } from './network.ts';
import { DATABASE_PORT } from './ports.ts';

/** A release with long-term support; Serverless v2 can pause since 3.08. */
const ENGINE = DatabaseClusterEngine.auroraMysql({ version: AuroraMysqlEngineVersion.VER_3_10_4 });

export interface DatabaseProps {
  readonly config: SwitchboardConfig;
  readonly database: DevicesConfig['database'];
  readonly network: FleetNetwork;
}

/**
 * The numbers' keys, messages and settings: one Aurora Serverless v2 cluster, in which each number has databases and a user of its own.
 * The gateway makes and removes those over the Data API, so that no function needs a connection.
 */
export class Database extends Construct {
  readonly cluster: DatabaseCluster;

  constructor(scope: Construct, id: string, { config, database, network }: DatabaseProps) {
    super(scope, id);
    const keep = config.removalPolicy === 'retain';
    this.cluster = new DatabaseCluster(this, 'Cluster', {
      engine: ENGINE,
      writer: ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      readers: database.standby
        ? // As large as the writer, so that it can take over at once.
          [ClusterInstance.serverlessV2('Standby', { publiclyAccessible: false, scaleWithWriter: true })]
        : [],
      serverlessV2MinCapacity: database.minCapacity,
      serverlessV2MaxCapacity: database.maxCapacity,
      vpc: network.vpc,
      vpcSubnets: network.subnets,
      securityGroups: [
        new SecurityGroup(this, 'Access', {
          vpc: network.vpc,
          description: 'The database of the devices',
          allowAllOutbound: false,
        }),
      ],
      port: DATABASE_PORT,
      storageEncrypted: true,
      iamAuthentication: true,
      enableDataApi: true,
      // Aurora makes the password and changes it every week; devices have users of their own.
      credentials: Credentials.fromUsername('switchboard'),
      manageMasterUserPassword: true,
      backup: { retention: Duration.days(7) },
      deletionProtection: keep,
      removalPolicy: keep ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
    });
    this.#explain();
    if (!keep)
      acknowledge(this.cluster, 'AwsSolutions-RDS10', 'The configuration asks for everything to be thrown away.');
  }

  /** The ARN of the secret that Aurora keeps the administrator's password in. */
  get secretArn(): string {
    const { secret } = this.cluster;
    if (!secret) throw new Error('The database has no administrator.');
    return secret.secretArn;
  }

  #explain(): void {
    acknowledge(
      this.cluster,
      'AwsSolutions-RDS11',
      "MySQL's own port is what WhatsApp's containers expect; only the devices' security group reaches it.",
    );
    acknowledge(
      this.cluster,
      'AwsSolutions-RDS14',
      'Aurora MySQL 3 has no backtracking in Serverless v2; backups restore to any second of the last seven days.',
    );
    acknowledge(
      this.cluster,
      'AwsSolutions-RDS16',
      "Statements hold message texts and phone numbers, which do not belong into logs; the database's own log of errors is in RDS.",
    );
  }
}
