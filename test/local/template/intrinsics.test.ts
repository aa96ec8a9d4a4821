// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are CloudFormation's placeholders.
import { describe, expect, it } from 'vitest';
import { evaluate, NO_VALUE, type Scope } from '../../../local/template/intrinsics.ts';

const references: Record<string, unknown> = {
  'AWS::Region': 'us-east-1',
  'AWS::NoValue': NO_VALUE,
  Queue: 'the-queue',
};

const scope: Scope = {
  async reference(name) {
    if (!(name in references)) throw new Error(`no ${name}`);
    return references[name];
  },
  attribute: async (logicalId, name) => `${logicalId}#${name}`,
  importValue: async (name) => `import of ${name}`,
  stackOutput: async (stack, output) => `${output} of ${stack}`,
  mapping: (map, first, second) => `${map}/${first}/${second}`,
  condition: async (name) => name === 'Yes',
};

describe('A template expression', () => {
  it.each<[string, unknown, unknown]>([
    ['a literal', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
    ['Ref', { Ref: 'Queue' }, 'the-queue'],
    ['Ref, deep inside', { a: [{ b: { Ref: 'Queue' } }] }, { a: [{ b: 'the-queue' }] }],
    ['Ref of AWS::NoValue in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['Ref of AWS::NoValue in a list', [{ Ref: 'AWS::NoValue' }, 1], [1]],
    ['an object with a property named Ref beside others', { Ref: 'Queue', b: 1 }, { Ref: 'Queue', b: 1 }],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue#Arn'],
    ['Fn::GetAtt in its short form', { 'Fn::GetAtt': 'Queue.Nested.Arn' }, 'Queue#Nested.Arn'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Queue' }, 1]] }, 'a-the-queue-1'],
    ['Fn::Join of a list made by a function', { 'Fn::Join': ['+', { 'Fn::Split': [',', 'a,b'] }] }, 'a+b'],
    ['Fn::Split', { 'Fn::Split': ['-', { Ref: 'Queue' }] }, ['the', 'queue']],
    ['Fn::Select', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Queue' }] }] }, 'queue'],
    ['Fn::Select with the index as text', { 'Fn::Select': ['0', ['a', 'b']] }, 'a'],
    ['Fn::Sub', { 'Fn::Sub': 'x-${Queue}-${Queue.Arn}-${AWS::Region}' }, 'x-the-queue-Queue#Arn-us-east-1'],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${A}${Queue}', { A: { Ref: 'Queue' } }] }, 'the-queuethe-queue'],
    ['Fn::Sub with an escaped reference', { 'Fn::Sub': '${!Queue}' }, '${Queue}'],
    ['Fn::Sub with one escaped and one real reference', { 'Fn::Sub': '${!A} is ${Queue}' }, '${A} is the-queue'],
    ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${Queue}-x' } }, 'import of the-queue-x'],
    [
      'Fn::GetStackOutput',
      { 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'Name', Region: { Ref: 'AWS::Region' } } },
      'Name of Other',
    ],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Map', { Ref: 'AWS::Region' }, 'b'] }, 'Map/us-east-1/b'],
    ['Fn::Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['Fn::GetAZs', { 'Fn::GetAZs': '' }, ['us-east-1a', 'us-east-1b']],
    ['Fn::If that holds', { 'Fn::If': ['Yes', 'a', { Ref: 'Missing' }] }, 'a'],
    ['Fn::If that does not', { 'Fn::If': ['No', { Ref: 'Missing' }, 'b'] }, 'b'],
    ['Fn::Equals', { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] }, true],
    ['Fn::Not', { 'Fn::Not': [{ Condition: 'Yes' }] }, false],
    ['Fn::And', { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
    ['Fn::Or', { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
  ])('evaluates %s', async (_name, expression, expected) => {
    expect(await evaluate(expression, scope)).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['an unknown function', { 'Fn::Transform': {} }, 'Fn::Transform'],
    ['a reference to nothing', { 'Fn::Sub': '${Missing}' }, 'no Missing'],
    ['an index outside the list', { 'Fn::Select': [3, ['a']] }, 'no element 3'],
    ['a list where text belongs', { 'Fn::Join': ['', [['a']]] }, 'text belongs'],
  ])('refuses %s', async (_name, expression, message) => {
    await expect(evaluate(expression, scope)).rejects.toThrow(message);
  });
});
