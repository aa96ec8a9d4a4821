import * as z from 'zod';
import type { Scope } from '../../expressions/scope.ts';
import { allOf, andThen } from '../../expressions/settled.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { MissingValueError } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { Authorize } from './scheme.ts';
import { type AwsCredentials, signV4 } from './sigv4.ts';

const serviceOf = (action: string) => action.split(':')[0];

export const permissionSchema = z
  .strictObject({
    actions: z
      .array(
        z.string().regex(/^[a-z][a-z0-9-]*:[A-Z][A-Za-z0-9]*$/, 'a service and an action: sms-voice:SendTextMessage'),
      )
      .min(1)
      .refine(
        (actions) => new Set(actions.map(serviceOf)).size <= 1,
        'actions of one service; others in a permission of their own',
      )
      .describe('What is allowed, all of one service: `sms-voice:SendTextMessage`'),
    resources: z
      .array(
        z
          .string()
          .regex(/^(?!arn:)[A-Za-z][\w-]*([/:][\w*.-]+)+$/, 'what follows the account in an ARN: phone-number/*'),
      )
      .min(1)
      .optional()
      .describe(
        "On which of the service's resources in the gateway's AWS account, in any Region: `phone-number/*`; on everything if not " +
          'given, for actions that AWS cannot allow on less',
      ),
    conditions: z
      .record(
        z.string().regex(/^(ForA(ll|ny)Values:)?[A-Z][A-Za-z]+$/, 'an operator of IAM: StringEquals'),
        z.record(
          z.string().regex(/^[a-z][a-z0-9-]*:[\w/-]+$/, 'a condition key: aws:ResourceTag/app'),
          z.union([z.string(), z.array(z.string()).min(1)]),
        ),
      )
      .optional()
      .describe('When, as IAM writes conditions: `{ StringEquals: { "aws:ResourceTag/app": switchboard } }`'),
  })
  .describe('A permission in AWS');

export const awsSigv4Schema = z
  .strictObject({
    scheme: z.literal('aws-sigv4').describe('AWS Signature Version 4 over the finished request'),
    service: z.string().describe("The service's signing name: `sms-voice`"),
    region: z.string().describe('`{% sender.fields.region %}`'),
    accessKeyId: z.string().optional().describe("An access key; the function's own role if it is not given"),
    secretAccessKey: z.string().optional().describe('`{% sender.secrets.secretAccessKey %}`'),
    sessionToken: z.string().optional().describe('The token of a temporary access key'),
    permissions: z
      .array(permissionSchema)
      .default([])
      .describe(
        "What the function's role must be allowed, where it signs; given to the one that delivers, and to no other",
      ),
  })
  .describe('AWS Signature Version 4');

/** Where a signature's time and the function's own credentials come from. */
export interface SigningHost {
  now(): number;
  environment: Readonly<Record<string, string | undefined>>;
}

export function compileAwsSigv4(
  spec: z.infer<typeof awsSigv4Schema>,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
  host: SigningHost,
): Authorize {
  const values = (['service', 'region', 'accessKeyId', 'secretAccessKey', 'sessionToken'] as const).map((key) =>
    compiler.template(spec[key], [...path, key], scope),
  );
  if ((spec.accessKeyId === undefined) !== (spec.secretAccessKey === undefined)) {
    compiler.mistake({ path, message: 'an access key has both "accessKeyId" and "secretAccessKey"' });
  }
  return (request, roots) =>
    andThen(allOf(values.map((value) => value.run(roots))), ([service, region, id, secret, token]) => {
      if (typeof service !== 'string' || typeof region !== 'string') {
        throw new MissingValueError('the service or the region of the signature is missing');
      }
      if (typeof request.body === 'object') throw new TypeError('a multipart body cannot be signed');
      const credentials = given(id, secret, token) ?? ownCredentials(host.environment);
      const signable = { method: request.method, url: request.url, headers: request.headers, body: request.body };
      Object.assign(request.headers, signV4(signable, { service, region }, credentials, host.now()));
      return request;
    });
}

function given(id: unknown, secret: unknown, token: unknown): AwsCredentials | undefined {
  if (!id && !secret) return undefined;
  // Half an access key must not become the function's own, which may do other things.
  if (typeof id !== 'string' || typeof secret !== 'string') throw new MissingValueError('the access key is incomplete');
  return { accessKeyId: id, secretAccessKey: secret, ...(typeof token === 'string' && { sessionToken: token }) };
}

/** The credentials of the function's role, which Lambda puts in its environment. */
function ownCredentials(environment: SigningHost['environment']): AwsCredentials {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = environment;
  const credentials = given(id, secret, token);
  if (credentials) return credentials;
  throw new MissingValueError('there are no AWS credentials: the sender has none, and the function has no role');
}
