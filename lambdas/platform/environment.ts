import * as z from 'zod';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

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
  /** `true` lets callbacks, media and devices be on the loopback interface: for development only. */
  ALLOW_LOOPBACK_URLS: flag,
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
