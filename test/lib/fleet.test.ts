import { describe, expect, it } from 'vitest';
import { EVERYTHING, pathOf, resourcesOf, synthesize, target } from './synthesize.ts';

const { stacks, gateway } = synthesize(EVERYTHING);

describe('a gateway without a fleet', () => {
  it('has no network, no cluster and no container', () => {
    const types = Object.values(synthesize().gateway.toJSON()['Resources'] as Record<string, { Type: string }>);
    expect(types.filter(({ Type }) => /^AWS::(EC2|ECS|ServiceDiscovery)::/.test(Type))).toEqual([]);
  });
});

describe('the sandbox fleet', () => {
  it('is one Fargate task at a time, rolled back when it does not come up', () => {
    gateway.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      LaunchType: 'FARGATE',
      DeploymentConfiguration: {
        MinimumHealthyPercent: 0,
        MaximumPercent: 100,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  });

  it('gives the devices their numbers openly and their password from Secrets Manager', () => {
    const [task] = resourcesOf(gateway, 'AWS::ECS::TaskDefinition');
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
    const other = synthesize({ fleet: { sandbox: { numbers: ['+15550001111'] }, image } }).gateway;
    const [task] = resourcesOf(other, 'AWS::ECS::TaskDefinition');
    expect(task?.properties['ContainerDefinitions']).toMatchObject([{ Image: image }]);
  });

  it('is reached by the functions that call devices, and by nothing else', () => {
    const attached = resourcesOf(gateway, 'AWS::Lambda::Function')
      .filter(({ properties }) => 'VpcConfig' in properties)
      .map(({ id }) => pathOf(stacks.gateway, id).split('/').at(-1));
    expect(attached.sort()).toEqual(['Deliver', 'Senders']);

    const ingress = resourcesOf(gateway, 'AWS::EC2::SecurityGroupIngress').map(({ properties }) => properties);
    expect(ingress).toEqual([expect.objectContaining({ FromPort: 8080, ToPort: 8080, IpProtocol: 'tcp' })]);
    expect(target(ingress[0]?.['SourceSecurityGroupId'])).toContain('Callers');
    const open = resourcesOf(gateway, 'AWS::EC2::SecurityGroup').filter(
      ({ properties }) => 'SecurityGroupIngress' in properties,
    );
    expect(open).toEqual([]);
  });

  it('pays for one NAT gateway, and for no DynamoDB traffic through it', () => {
    gateway.resourceCountIs('AWS::EC2::NatGateway', 1);
    const endpoints = resourcesOf(gateway, 'AWS::EC2::VPCEndpoint').map(({ properties }) => properties);
    expect(endpoints).toEqual([expect.objectContaining({ VpcEndpointType: 'Gateway' })]);
    expect(JSON.stringify(endpoints)).toContain('.dynamodb');
  });

  it('says where its devices are', () => {
    expect(gateway.findOutputs('SandboxUrl')['SandboxUrl']).toMatchObject({
      Value: 'http://sandbox.switchboard.internal:8080',
    });
    gateway.hasResourceProperties('AWS::ServiceDiscovery::PrivateDnsNamespace', { Name: 'switchboard.internal' });
    gateway.hasResourceProperties('AWS::ServiceDiscovery::Service', { Name: 'sandbox' });
  });
});
