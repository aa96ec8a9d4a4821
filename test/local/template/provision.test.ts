// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are CloudFormation's placeholders.
import { describe, expect, it } from 'vitest';
import type { StackTemplate, Template } from '../../../local/template/assembly.ts';
import { type Handler, provision, type Resource } from '../../../local/template/provision.ts';

type Resources = Record<string, Partial<Template['Resources'][string]> & { Type: string }>;

function stack(name: string, resources: Resources, more: Partial<Template> = {}): StackTemplate {
  const complete = Object.entries(resources).map(([id, resource]) => {
    return [id, { Properties: {}, Metadata: {}, Condition: undefined, ...resource }] as const;
  });
  return {
    name,
    template: {
      Parameters: {},
      Mappings: {},
      Conditions: {},
      Outputs: {},
      ...more,
      Resources: Object.fromEntries(complete),
    },
  };
}

function recorder(): { handlers: Record<string, Handler>; made: Resource[] } {
  const made: Resource[] = [];
  const handlers = {
    'Test::Thing': (resource: Resource) => {
      made.push(resource);
      return { ref: `ref-${resource.logicalId}`, attributes: { Arn: `arn-${resource.logicalId}` } };
    },
  };
  return { handlers, made };
}

describe('Provisioning a template', () => {
  it('makes each resource once, after those it refers to, whatever their order', async () => {
    const { handlers, made } = recorder();
    const last = { Type: 'Test::Thing', Properties: { a: { Ref: 'First' }, b: { 'Fn::GetAtt': ['First', 'Arn'] } } };

    await provision([stack('S', { Last: last, First: { Type: 'Test::Thing' } })], handlers, new Set());

    expect(made.map(({ logicalId }) => logicalId)).toEqual(['First', 'Last']);
    expect(made[1]?.properties).toEqual({ a: 'ref-First', b: 'arn-First' });
  });

  it('names a resource by its place in the construct tree', async () => {
    const { handlers, made } = recorder();
    const Metadata = { 'aws:cdk:path': 'S/Product/Outbound/Deliver/Resource' };

    await provision([stack('S', { A: { Type: 'Test::Thing', Metadata } })], handlers, new Set());

    expect(made[0]?.path).toBe('Product/Outbound/Deliver');
  });

  it('follows references between stacks, of either kind', async () => {
    const { handlers, made } = recorder();
    const outputs = {
      Exported: { Value: { Ref: 'Thing' }, Export: { Name: { 'Fn::Sub': '${AWS::StackName}:Thing' } } },
      Plain: { Value: { 'Fn::GetAtt': ['Thing', 'Arn'] } },
    };
    const Properties = {
      imported: { 'Fn::ImportValue': 'A:Thing' },
      read: { 'Fn::GetStackOutput': { StackName: 'A', OutputName: 'Plain' } },
    };

    const found = await provision(
      [
        stack('B', { User: { Type: 'Test::Thing', Properties } }),
        stack('A', { Thing: { Type: 'Test::Thing' } }, { Outputs: outputs }),
      ],
      handlers,
      new Set(),
    );

    expect(made.find(({ logicalId }) => logicalId === 'User')?.properties).toEqual({
      imported: 'ref-Thing',
      read: 'arn-Thing',
    });
    expect(found).toEqual({ Exported: 'ref-Thing', Plain: 'arn-Thing' });
  });

  it('leaves out what a condition switches off', async () => {
    const { handlers, made } = recorder();
    const Conditions = { Never: { 'Fn::Equals': ['a', 'b'] } };

    await provision(
      [stack('S', { Off: { Type: 'Test::Thing', Condition: 'Never' } }, { Conditions })],
      handlers,
      new Set(),
    );

    expect(made).toEqual([]);
  });

  it('lets an ignored type be referred to', async () => {
    const { handlers, made } = recorder();
    const Properties = { role: { 'Fn::GetAtt': ['Role', 'Arn'] } };

    await provision(
      [stack('S', { Role: { Type: 'AWS::IAM::Role' }, Thing: { Type: 'Test::Thing', Properties } })],
      handlers,
      new Set(['AWS::IAM::Role']),
    );

    expect(made[0]?.properties).toEqual({ role: 'arn:aws:IAM:us-east-1:000000000000:Role' });
  });

  it('names every resource of a type that it does not know, before it makes any', async () => {
    const { handlers, made } = recorder();
    const resources = {
      Thing: { Type: 'Test::Thing' },
      Strange: { Type: 'AWS::Kinesis::Stream' },
      Other: { Type: 'AWS::EFS::FileSystem' },
    };

    await expect(provision([stack('S', resources)], handlers, new Set())).rejects.toThrow(
      /AWS::Kinesis::Stream \(Strange\), AWS::EFS::FileSystem \(Other\)/,
    );
    expect(made).toEqual([]);
  });

  it('says which resource could not be made', async () => {
    const failing = {
      'Test::Thing': () => {
        throw new Error('no space');
      },
    };
    await expect(provision([stack('S', { A: { Type: 'Test::Thing' } })], failing, new Set())).rejects.toThrow(
      'Cannot make A (Test::Thing): no space',
    );
  });
});
