import type { Sender } from '../domain/sender.ts';
import { type DeviceShape, deviceShapeSchema } from '../domain/topology.ts';
import { RegistrationRefused, Superseded } from '../senders/registration/errors.ts';
import type { Fleet } from './fleet.ts';
import type { StepContext } from './run-step.ts';

/** The sender a step is about; throws `Superseded` when it is gone. */
export async function requireSender(
  { accountSid, senderSid }: StepContext,
  { senders }: Pick<Fleet, 'senders'>,
): Promise<Sender> {
  const sender = await senders().get(accountSid, senderSid);
  if (!sender) throw new Superseded();
  return sender;
}

/** The shape that a sender's fields ask for. */
export function shapeOf({ fields }: Pick<Sender, 'fields'>): DeviceShape {
  const parsed = deviceShapeSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RegistrationRefused(
    `The number cannot run like this: ${issue?.path.join('.')} ${issue?.message}.`,
    'Correct it in the configuration of the sender, then register the number again.',
  );
}
