import type { Node } from 'constructs';
import { z } from 'zod';
import { ConfigError, explainIssues } from './config-error.ts';
import { fleetSchema } from './fleet/config.ts';

/**
 * Everything that can be configured: the `switchboard` object in `cdk.json`'s context. Each key has a default, so `{}` is valid.
 * The `Switchboard` construct takes the same keys as props.
 */
export const configSchema = z.strictObject({
  /**
   * The SID of the account that owns the gateway, `AC` and 32 hex digits. Name yours if your applications have one configured already.
   * Default: made from the address of the storage in the app, so it stays the same over deployments.
   * Changing it later hides the messages and senders of the previous one.
   */
  rootAccountSid: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'must be "AC" and 32 lower-case hex digits')
    .optional(),

  /**
   * Development only: lets callbacks, media and devices live on loopback addresses (`http://127.0.0.1…`).
   * Default: false, and they are refused, because a function's loopback is nobody's server.
   */
  allowLoopbackUrls: z.boolean().default(false),

  /**
   * How many queue entries one invocation takes, 1 to 10. Default: 10, the cheapest. Lower it only to look at one message at a time.
   */
  batchSize: z.int().min(1).max(10).default(10),

  /**
   * Functions that deliver messages at once, 2 to 1,000. Each sends some 20 to 25 messages a second, and all are taken from the AWS
   * account's quota of invocations at once (1,000 unless raised), which the other functions share. Default: 300.
   */
  deliverConcurrency: z.int().min(2).max(1_000).default(300),

  /**
   * Where channels call the gateway: `http-api`, at its own address, which is throttled and may have a name of yours; or
   * `function-url`, at the address of a Lambda function, which costs $1.00 less per million webhooks and has neither.
   * Changing it holds for senders registered from then on; the others are called where they were. Default: `http-api`.
   */
  webhooks: z.enum(['http-api', 'function-url']).default('http-api'),

  /** Days that logs are kept; one of CloudWatch's steps. Default: 30. */
  logRetentionDays: z
    .union([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731].map((days) => z.literal(days)))
    .default(30),

  /**
   * What happens to table, secrets, queues and logs when their stack is deleted. Default: `retain`, with deletion protection on the table
   * and termination protection on the storage stack. `destroy` is for throw-away deployments: it deletes every message and switches both off.
   */
  removalPolicy: z.enum(['retain', 'destroy']).default('retain'),

  /** Where alarms are mailed; the address gets a confirmation mail first. Default: alarms show in CloudWatch only. */
  alarmEmail: z.email().optional(),

  /** An SNS topic of yours that alarms are sent to, by ARN. It must allow `cloudwatch.amazonaws.com` to publish. Default: none. */
  alarmTopicArn: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/, 'must be the ARN of an SNS topic')
    .optional(),

  /** WhatsApp devices that the gateway runs itself, on ECS Fargate. Default: none, and no network, cluster or NAT gateway is made. */
  fleet: fleetSchema.optional(),
});

/** The configuration with its defaults filled in. */
export type SwitchboardConfig = z.infer<typeof configSchema>;

/** The configuration as its owner writes it: every key optional. */
export type SwitchboardConfigInput = z.input<typeof configSchema>;

/**
 * Checks a configuration and fills in its defaults.
 * @throws ConfigError naming every wrong key at once, with the key that was probably meant
 */
export function parseConfig(input: unknown): SwitchboardConfig {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw new ConfigError(explainIssues(parsed.error.issues, configSchema, input));
  return parsed.data;
}

/**
 * Reads the `switchboard` context of an app: an object from `cdk.json`, or JSON text from `-c switchboard='{"batchSize":1}'`,
 * which replaces the object as a whole.
 * @throws ConfigError
 */
export function readConfig(node: Node): SwitchboardConfig {
  const context: unknown = node.tryGetContext('switchboard') ?? {};
  return parseConfig(typeof context === 'string' ? parseJson(context) : context);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`switchboard: is not valid JSON: ${error instanceof Error ? error.message : error}`]);
  }
}
