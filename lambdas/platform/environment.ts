import * as z from 'zod';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const baseUrl = z.url().transform((url) => url.replace(/\/+$/, ''));
const stateMachineArn = z
  .string()
  .regex(/^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/, 'is not the ARN of a state machine');

/** Every name that a function of this gateway may find in its environment; `lib/` sets each together with its grant. */
const variables = {
  TABLE_NAME: z.string().min(1),
  OUTBOUND_QUEUE_URL: z.url(),
  OUTBOUND_DLQ_URL: z.url(),
  INBOUND_QUEUE_URL: z.url(),
  INBOUND_DLQ_URL: z.url(),
  CALLBACKS_QUEUE_URL: z.url(),
  CALLBACKS_DLQ_URL: z.url(),
  /** ARN or name of the secret that auth tokens are derived from. */
  MASTER_KEY_SECRET_ID: z.string().min(1),
  /** A sender's secret is named with this prefix and the sender's SID. */
  SENDER_SECRET_PREFIX: z.string().min(1),
  /** Where inbound media are kept. */
  MEDIA_BUCKET_NAME: z.string().min(1),
  ROOT_ACCOUNT_SID: z.string().regex(/^AC[0-9a-f]{32}$/),
  /** How long one attempt to deliver a message may take; after that another function may take the message over. */
  LEASE_SECONDS: z.coerce.number().int().min(1),
  /** `true` lets callbacks, media and devices be on the loopback interface: for development only. */
  ALLOW_LOOPBACK_URLS: flag,
  /** Absent where the gateway runs no devices. */
  REGISTER_DEVICE_STATE_MACHINE_ARN: stateMachineArn.optional(),
  REGISTER_CLOUD_NUMBER_STATE_MACHINE_ARN: stateMachineArn,
  UPDATE_NUMBER_STATE_MACHINE_ARN: stateMachineArn,
  RETIRE_NUMBER_STATE_MACHINE_ARN: stateMachineArn,
  /** The gateway's own address, without a slash at its end: for webhook URLs made where no request says it. */
  GATEWAY_URL: baseUrl,
  /** Where channels call the gateway, if not at its own address; likewise. */
  WEBHOOK_URL: baseUrl.optional(),
  /** What the fleet's parts are, as JSON; its fields are read where it is used. */
  FLEET: z.string().min(1),
};
type Variables = typeof variables;
export type Environment<Name extends keyof Variables> = { [K in Name]: z.infer<Variables[K]> };

/**
 * Reads the named variables, once, when the function starts; throws a sentence that names each missing or wrong one.
 */
export function readEnvironment<Name extends keyof Variables>(...names: Name[]): Environment<Name> {
  const shape = Object.fromEntries(names.map((name) => [name, variables[name]]));
  const result = z.object(shape).safeParse(process.env);
  if (!result.success) {
    const wrong = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new Error(`The function's environment is incomplete: ${wrong}. Its construct in lib/ sets these names.`);
  }
  return result.data as Environment<Name>;
}
