import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Integration } from '../http-api/server.ts';
import type { LambdaFunction } from '../lambda/function.ts';
import type { Handler } from '../template/provision.ts';
import type { Emulators, Made } from './emulators.ts';

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.coerce.number().default(30_000),
});

const routeSchema = z.object({
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
});

/** The HTTP API and its routes. */
export function httpApiHandlers({ httpApi }: Emulators, made: Made): Record<string, Handler> {
  const integrations = new Map<string, Integration & { function: LambdaFunction }>();
  return {
    'AWS::ApiGatewayV2::Api'({ properties }) {
      z.object({ ProtocolType: z.literal('HTTP') }).parse(properties);
      if (made.apiId !== undefined) throw new Error('the local stack has one port, for one HTTP API');
      made.apiId = 'local';
      return { ref: made.apiId, attributes: { ApiEndpoint: httpApi.url, ApiId: made.apiId } };
    },

    'AWS::ApiGatewayV2::Stage'({ properties }) {
      z.object({ StageName: z.literal('$default') }).parse(properties);
      return { ref: '$default', attributes: {} };
    },

    'AWS::ApiGatewayV2::Integration'({ properties }) {
      const { IntegrationUri, TimeoutInMillis } = integrationSchema.parse(properties);
      const target = [...made.functions.values()].find(({ configuration }) =>
        IntegrationUri.includes(configuration.arn),
      );
      if (!target) throw new Error(`there is no function behind ${IntegrationUri}`);
      const ref = randomUUID();
      integrations.set(ref, { function: target, timeoutMilliseconds: TimeoutInMillis });
      return { ref, attributes: {} };
    },

    'AWS::ApiGatewayV2::Route'({ properties }) {
      const { RouteKey, Target } = routeSchema.parse(properties);
      const target = integrations.get(Target.replace('integrations/', ''));
      if (!target) throw new Error(`there is no integration ${Target}`);
      made.routes.push({ key: RouteKey, target });
      made.targets.add(target.function);
      return { ref: randomUUID(), attributes: {} };
    },
  };
}
