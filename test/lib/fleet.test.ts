import { describe, expect, it } from 'vitest';
import { EVERYTHING, pathOf, resourcesOf, synthesize, target } from './synthesize.ts';

const { stacks, fleet, gateway } = synthesize(EVERYTHING);
const typesOf = (template: typeof gateway) =>
  Object.values(template.toJSON()['Resources'] as Record<string, { Type: string }>).map(({ Type }) => Type);

/** What costs money by the hour, and what a gateway without devices has no use for. */
const FLEET_ONLY = /^AWS::(EC2|ECS|EFS|RDS|ServiceDiscovery|ECR)::/;

describe('a gateway without a fleet', () => {
  it.each([
    ['nothing configured', {}],
    ['an empty fleet', { fleet: {} }],
  ])('has no network, container, database or file system, and no stack for them: %s', (_title, config) => {
    const plain = synthesize(config);
    expect(Object.keys(plain.stacks).sort()).toEqual(['gateway', 'storage']);
    expect([...typesOf(plain.gateway), ...typesOf(plain.storage)].filter((type) => FLEET_ONLY.test(type))).toEqual([]);
    for (const { properties } of resourcesOf(plain.gateway, 'AWS::Lambda::Function')) {
      expect(properties).not.toHaveProperty('VpcConfig');
      expect(properties['Environment']).not.toHaveProperty('Variables.FLEET');
    }
  });
});

describe('the stack of the fleet', () => {
  it('is one of its own, protected, that the gateway depends on and not the other way round', () => {
    expect(stacks.fleet?.terminationProtection).toBe(true);
    expect(stacks.gateway.dependencies).toContain(stacks.fleet);
    expect(stacks.fleet?.dependencies).not.toContain(stacks.gateway);
    expect(typesOf(gateway).filter((type) => FLEET_ONLY.test(type))).toEqual([]);
  });

  it('can be deleted when everything can', () => {
    expect(synthesize({ ...EVERYTHING, removalPolicy: 'destroy' }).stacks.fleet?.terminationProtection).toBe(false);
  });
});

describe('the network', () => {
  const subnets = resourcesOf(fleet, 'AWS::EC2::Subnet').map(({ properties }) => properties);

  it('gives nobody a public address', () => {
    expect(subnets.filter(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch === true)).toEqual([]);
    for (const { properties } of resourcesOf(fleet, 'AWS::ECS::Service')) {
      expect(properties['NetworkConfiguration']).toMatchObject({ AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } });
    }
    for (const { properties } of resourcesOf(fleet, 'AWS::RDS::DBInstance')) {
      expect(properties['PubliclyAccessible']).toBe(false);
    }
    // Of the NAT gateway, which lets nothing in.
    expect(resourcesOf(fleet, 'AWS::EC2::EIP')).toHaveLength(1);
  });

  it('puts everything into private subnets, in two availability zones', () => {
    const isPrivate = (id: string) => id.includes('PrivateSubnet');
    const used = [
      ...resourcesOf(fleet, 'AWS::RDS::DBSubnetGroup').flatMap(
        ({ properties }) => properties['SubnetIds'] as unknown[],
      ),
      ...resourcesOf(fleet, 'AWS::EFS::MountTarget').map(({ properties }) => properties['SubnetId']),
      ...resourcesOf(fleet, 'AWS::ECS::Service').flatMap(
        ({ properties }) =>
          (properties['NetworkConfiguration'] as { AwsvpcConfiguration: { Subnets: unknown[] } }).AwsvpcConfiguration
            .Subnets,
      ),
    ];
    expect(used).toHaveLength(6);
    expect(used.map(target).filter((id) => !isPrivate(id))).toEqual([]);
    const functions = resourcesOf(gateway, 'AWS::Lambda::Function').flatMap(
      ({ properties }) => properties['VpcConfig'] ?? [],
    );
    expect(JSON.stringify(functions)).not.toContain('PublicSubnet');
    expect(new Set(subnets.map(({ AvailabilityZone }) => JSON.stringify(AvailabilityZone))).size).toBe(2);
  });

  it('is entered by the functions that call devices, and by nothing else', () => {
    const attached = resourcesOf(gateway, 'AWS::Lambda::Function')
      .filter(({ properties }) => 'VpcConfig' in properties)
      .map(({ id }) => pathOf(stacks.gateway, id).split('/').at(-1));
    expect(attached.sort()).toEqual(['Deliver', 'Reconcile', 'Register', 'Renew', 'Senders']);
    const open = resourcesOf(fleet, 'AWS::EC2::SecurityGroup').filter(
      ({ properties }) => 'SecurityGroupIngress' in properties,
    );
    expect(open).toEqual([]);
  });

  it('pays for one NAT gateway, or two, and for no DynamoDB and image traffic through it', () => {
    fleet.resourceCountIs('AWS::EC2::NatGateway', 1);
    const redundant = synthesize({ fleet: { ...EVERYTHING.fleet, natGateways: 2 } });
    redundant.fleet.resourceCountIs('AWS::EC2::NatGateway', 2);
    const endpoints = resourcesOf(fleet, 'AWS::EC2::VPCEndpoint').map(({ properties }) => properties);
    expect(endpoints.map(({ VpcEndpointType }) => VpcEndpointType)).toEqual(['Gateway', 'Gateway']);
    expect(JSON.stringify(endpoints)).toContain('.dynamodb');
    expect(JSON.stringify(endpoints)).toContain('.s3');
  });

  it('has room for some 30,000 containers', () => {
    const blocks = subnets.map(({ CidrBlock }) => String(CidrBlock)).sort();
    expect(blocks.filter((block) => block.endsWith('/18'))).toHaveLength(2);
  });
});

describe('the sandbox', () => {
  it('is one Fargate task at a time, rolled back when it does not come up', () => {
    fleet.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      LaunchType: 'FARGATE',
      DeploymentConfiguration: {
        MinimumHealthyPercent: 0,
        MaximumPercent: 100,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
  });

  it('gives the devices their numbers openly and their password from Secrets Manager', () => {
    const [task] = resourcesOf(fleet, 'AWS::ECS::TaskDefinition');
    expect(task?.properties).toMatchObject({
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      ContainerDefinitions: [
        {
          PortMappings: [{ ContainerPort: 8080 }],
          Environment: [
            { Name: 'PORT', Value: '8080' },
            { Name: 'SANDBOX_NUMBERS', Value: '15550001111,15550002222' },
          ],
          Secrets: [{ Name: 'SANDBOX_ADMIN_PASSWORD', ValueFrom: { Ref: expect.any(String) } }],
          HealthCheck: { Command: ['CMD-SHELL', expect.stringContaining('http://127.0.0.1:8080/')] },
        },
      ],
    });
  });

  it('can be another image', () => {
    const image = 'registry.example.com/device:2.53';
    const other = synthesize({ fleet: { sandbox: { numbers: ['+15550001111'] }, image } }).fleet;
    const [task] = resourcesOf(other, 'AWS::ECS::TaskDefinition');
    expect(task?.properties['ContainerDefinitions']).toMatchObject([{ Image: image }]);
  });

  it('needs neither a database nor a file system', () => {
    const alone = synthesize({ fleet: { sandbox: { numbers: ['+15550001111'] } } });
    expect(typesOf(alone.fleet).filter((type) => /^AWS::(RDS|EFS)::/.test(type))).toEqual([]);
    expect(
      resourcesOf(alone.gateway, 'AWS::Lambda::Function')
        .map(({ id }) => id)
        .join(),
    ).not.toMatch(/Reconcile|FleetSteps/);
  });

  it('says where its devices are', () => {
    expect(fleet.findOutputs('SandboxUrl')['SandboxUrl']).toMatchObject({
      Value: 'http://sandbox.switchboard.internal:8080',
    });
    fleet.hasResourceProperties('AWS::ServiceDiscovery::PrivateDnsNamespace', { Name: 'switchboard.internal' });
    fleet.hasResourceProperties('AWS::ServiceDiscovery::Service', { Name: 'sandbox' });
  });
});
