import { describe, expect, it } from 'vitest';
import { parseFleetSettings } from '../../lambdas/domain/fleet-settings.ts';
import type { SwitchboardConfigInput } from '../../lib/config.ts';
import { type Resource, resourcesOf, synthesize, target } from './synthesize.ts';

const { fleet } = synthesize({ fleet: { devices: {} } });
const IMAGES = {
  web: '111122223333.dkr.ecr.eu-central-1.amazonaws.com/whatsapp/web',
  coreapp: 'docker.example.com/coreapp:lts',
};
const REAL: SwitchboardConfigInput = { fleet: { devices: { version: '2.53.2', images: IMAGES } } };

const only = (template: typeof fleet, type: string): Resource => {
  const [resource, ...others] = resourcesOf(template, type);
  expect(others).toEqual([]);
  if (!resource) throw new Error(`There is no ${type}.`);
  return resource;
};

/** The FLEET variable as the function reads it; what AWS fills in at deployment is replaced by something of its form. */
function settingsOf(config: SwitchboardConfigInput) {
  const { gateway } = synthesize(config);
  const functions = resourcesOf(gateway, 'AWS::Lambda::Function');
  const variables = functions.flatMap(({ properties }) => {
    const { FLEET } = (properties['Environment'] as { Variables: { FLEET?: { 'Fn::Join': [string, unknown[]] } } })
      .Variables;
    return FLEET ? [FLEET['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : filled(part))).join('')] : [];
  });
  const [variable = ''] = variables;
  expect(variables).toEqual([variable, variable]);
  return parseFleetSettings(variable);
}

/** An ARN where the template takes one, an image's name for an image, any word otherwise. */
function filled(part: unknown): string {
  const text = JSON.stringify(part);
  if (/Arn[0-9A-F]{8}"/.test(text)) return `arn:aws:x:eu-central-1:111122223333:${text.replace(/\W/g, '')}`;
  return /Fn::Sub/.test(text) ? 'built:1' : text.includes('AWS::Partition') ? 'aws' : text.replace(/\W/g, '');
}

describe("the devices' database", () => {
  const { properties, deletionPolicy } = only(fleet, 'AWS::RDS::DBCluster');

  it('is Aurora MySQL, Serverless v2, that pauses when nothing uses it', () => {
    expect(properties).toMatchObject({
      Engine: 'aurora-mysql',
      ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 16 },
      Port: 3306,
    });
    expect(only(fleet, 'AWS::RDS::DBInstance').properties).toMatchObject({ DBInstanceClass: 'db.serverless' });
  });

  it('is encrypted, backed up, protected, and reached over the Data API with a password that nobody knows', () => {
    expect(properties).toMatchObject({
      StorageEncrypted: true,
      BackupRetentionPeriod: 7,
      DeletionProtection: true,
      EnableHttpEndpoint: true,
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
    });
    expect(properties).not.toHaveProperty('MasterUserPassword');
    expect(deletionPolicy).toBe('Snapshot');
  });

  it('takes the capacity and the standby that are asked for', () => {
    const database = { minCapacity: 2, maxCapacity: 64, standby: true };
    const larger = synthesize({ fleet: { devices: { database } } }).fleet;
    expect(only(larger, 'AWS::RDS::DBCluster').properties).toMatchObject({
      ServerlessV2ScalingConfiguration: { MinCapacity: 2, MaxCapacity: 64 },
    });
    larger.resourceCountIs('AWS::RDS::DBInstance', 2);
  });

  it('goes with everything else when that is asked for', () => {
    const throwAway = only(
      synthesize({ fleet: { devices: {} }, removalPolicy: 'destroy' }).fleet,
      'AWS::RDS::DBCluster',
    );
    expect(throwAway).toMatchObject({ deletionPolicy: 'Delete', properties: { DeletionProtection: false } });
  });
});

describe("the devices' volumes", () => {
  const { properties, deletionPolicy } = only(fleet, 'AWS::EFS::FileSystem');

  it('are encrypted, kept, and can be mounted over TLS only, by a role that may', () => {
    expect(properties['Encrypted']).toBe(true);
    expect(properties['FileSystemPolicy']).toMatchObject({
      Statement: [{ Effect: 'Deny', Action: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    });
    expect(deletionPolicy).toBe('RetainExceptOnCreate');
  });

  it('are all that a container may use of AWS, through an access point', () => {
    const tasks = resourcesOf(fleet, 'AWS::IAM::Policy').filter(({ id }) => id.includes('TaskRole'));
    expect(tasks.map((policy) => policy.properties['PolicyDocument'])).toMatchObject([
      {
        Statement: [
          {
            Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
            Resource: { 'Fn::GetAtt': [expect.stringContaining('Volume'), 'Arn'] },
            Condition: {
              Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' },
              ArnLike: { 'elasticfilesystem:AccessPointArn': expect.anything() },
            },
          },
        ],
      },
    ]);
  });
});

describe('the security groups', () => {
  /** Every rule between groups, as `who -> port -> whom`. */
  const rules = (template: typeof fleet) =>
    resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').map(({ properties: rule }) => {
      const ports = rule['FromPort'] === rule['ToPort'] ? rule['FromPort'] : `${rule['FromPort']}-${rule['ToPort']}`;
      return `${short(rule['SourceSecurityGroupId'])} -> ${ports} -> ${short(rule['GroupId'])}`;
    });
  const short = (group: unknown) => /(Callers|Containers|Database|Media)/.exec(target(group))?.[0];
  const common = [
    'Containers -> 2049 -> Media',
    'Containers -> 3306 -> Database',
    'Containers -> 6250-6253 -> Containers',
  ];

  it('let simulated containers talk on their port, and to the database and the volumes', () => {
    expect(rules(fleet).sort()).toEqual(
      [...common, 'Callers -> 8080 -> Containers', 'Containers -> 8080 -> Containers'].sort(),
    );
  });

  it("open WhatsApp's ports for WhatsApp's containers", () => {
    expect(rules(synthesize(REAL).fleet).sort()).toEqual([...common, 'Callers -> 443 -> Containers'].sort());
  });

  it('let containers out to WhatsApp and HTTPS, and the database and the volumes nowhere', () => {
    const outward = resourcesOf(fleet, 'AWS::EC2::SecurityGroup').map(({ id, properties }) => ({
      id,
      ports: (properties['SecurityGroupEgress'] as { CidrIp: string; FromPort?: number }[]).flatMap((rule) =>
        rule.CidrIp === '0.0.0.0/0' ? [rule.FromPort ?? 'any'] : [],
      ),
    }));
    const portsOf = (name: string) => outward.find(({ id }) => id.includes(name))?.ports;
    expect(portsOf('Containers')).toEqual([443, 5222]);
    expect(portsOf('DatabaseAccess')).toEqual([]);
    expect(portsOf('MediaAccess')).toEqual([]);
  });
});

describe('what the functions are told of the fleet', () => {
  it('is what they read, for the simulator', () => {
    const settings = settingsOf({ fleet: { devices: {} } });
    expect(settings).toMatchObject({
      gateway: expect.stringMatching(/^[0-9a-f]{32}$/),
      subnets: [expect.stringContaining('Private'), expect.stringContaining('Private')],
      securityGroups: [expect.stringContaining('Containers')],
      executionRoleArn: expect.stringContaining('ExecutionRole'),
      taskRoleArns: { device: expect.stringContaining('TaskRole') },
      namespace: 'switchboard.internal',
      databasePort: 3306,
      images: { web: 'built:1', coreapp: 'built:1' },
      simulated: true,
      cpuArchitecture: 'ARM64',
      scheme: 'http',
      webPort: 8080,
    });
    expect(settings).not.toHaveProperty('version');
  });

  it("is what they read, for WhatsApp's images: an image without a tag gets the version's", () => {
    expect(settingsOf(REAL)).toMatchObject({
      images: { web: `${IMAGES.web}:v2.53.2`, coreapp: IMAGES.coreapp },
      version: 'v2.53.2',
      simulated: false,
      cpuArchitecture: 'X86_64',
      scheme: 'https',
      webPort: 443,
    });
  });

  it('is what they read, for a simulator from a registry, on another processor', () => {
    const image = 'registry.example.com/device:1';
    expect(settingsOf({ fleet: { image, devices: { cpuArchitecture: 'X86_64' } } })).toMatchObject({
      images: { web: image, coreapp: image },
      simulated: true,
      cpuArchitecture: 'X86_64',
    });
  });

  it('carries the mark that the names of everything else of this gateway carry', () => {
    const { gateway } = synthesize({ fleet: { devices: {} } });
    const root = gateway.findOutputs('RootAccountSid')['RootAccountSid'] as { Value: string };
    expect(root.Value).toBe(`AC${settingsOf({ fleet: { devices: {} } }).gateway}`);
  });
});

describe('the execution role', () => {
  const statements = (template: typeof fleet) =>
    resourcesOf(template, 'AWS::IAM::Policy')
      .filter(({ id }) => id.includes('DevicesExecutionRole'))
      .flatMap(
        ({ properties }) => (properties['PolicyDocument'] as { Statement: Record<string, unknown>[] }).Statement,
      );

  it('reads senders’ secrets, writes the log of devices, and pulls images from where they are', () => {
    const allowed = statements(synthesize(REAL).fleet);
    const pull = allowed.find(({ Action }) => JSON.stringify(Action).includes('ecr:BatchGetImage'));
    expect(pull?.['Resource']).toBe('arn:aws:ecr:eu-central-1:111122223333:repository/whatsapp/web');
    const secrets = allowed.filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager:'));
    expect(secrets).toMatchObject([{ Action: 'secretsmanager:GetSecretValue' }]);
    expect(JSON.stringify(secrets)).toMatch(/secret:switchboard\/[0-9a-f]{12}\/senders\/\*/);
    expect(allowed).toHaveLength(4);
  });
});
