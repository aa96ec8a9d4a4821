import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { type ChannelPermission, channelPermissions } from '../../lib/shared/channel-permissions.ts';
import { GatewayFunction } from '../../lib/shared/gateway-function.ts';
import { createStacks } from '../../lib/stacks.ts';
import { createApp, resourcesOf } from './synthesize.ts';

/** The statements that a function gets for permissions of specs. */
function statementsOf(permissions: ChannelPermission[]) {
  const { gateway } = createStacks(createApp(), parseConfig({}));
  const notify = gateway.node.findAll().find(({ node }) => node.id === 'Notify');
  if (!(notify instanceof GatewayFunction)) throw new Error('There is no Notify function.');
  notify.bindChannels(permissions);
  return resourcesOf(Template.fromStack(gateway), 'AWS::IAM::Policy')
    .flatMap(({ properties }) => (properties['PolicyDocument'] as { Statement: { Action: unknown }[] }).Statement)
    .filter(({ Action }) => JSON.stringify(Action).includes('loft:'));
}
const inAccount = (resource: string) => ({
  'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':loft:*:', { Ref: 'AWS::AccountId' }, `:${resource}`]],
});

describe('a permission that a spec names', () => {
  it.each<[string, Omit<ChannelPermission, 'channel'>, object]>([
    [
      'is given on resources of this AWS account',
      { actions: ['loft:Fly'], resources: ['nest/*'] },
      { Action: 'loft:Fly', Effect: 'Allow', Resource: inAccount('nest/*') },
    ],
    [
      'may have several actions and resources',
      { actions: ['loft:Fly', 'loft:Land'], resources: ['nest/*', 'tree:*'] },
      { Action: ['loft:Fly', 'loft:Land'], Effect: 'Allow', Resource: [inAccount('nest/*'), inAccount('tree:*')] },
    ],
    [
      'is given on everything where it names nothing',
      { actions: ['loft:Look'] },
      { Action: 'loft:Look', Effect: 'Allow', Resource: '*' },
    ],
    [
      'is given under its conditions',
      { actions: ['loft:Fly'], resources: ['nest/*'], conditions: { StringEquals: { 'aws:ResourceTag/app': 'post' } } },
      {
        Action: 'loft:Fly',
        Effect: 'Allow',
        Resource: inAccount('nest/*'),
        Condition: { StringEquals: { 'aws:ResourceTag/app': 'post' } },
      },
    ],
  ])('%s', (_label, permission, statement) => {
    expect(statementsOf([{ channel: 'pigeon', ...permission }])).toEqual([statement]);
  });

  it('is read from the specs as they are bundled', () => {
    expect(channelPermissions()).toContainEqual({
      channel: 'sms',
      actions: ['sms-voice:SendTextMessage', 'sms-voice:SendMediaMessage'],
      resources: ['phone-number/*', 'pool/*', 'sender-id/*'],
    });
  });
});
