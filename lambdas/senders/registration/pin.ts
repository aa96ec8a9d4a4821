import { randomInt } from 'node:crypto';
import type { SenderSecret } from '../../domain/sender.ts';
import type { Job } from './job.ts';

/*
 * A number's two-step PIN, without which nobody registers it elsewhere. The customer's is `pin`; one that is made up here is
 * among the workflow's secrets, so that the two are told apart: only what the gateway made up may it take back or put in force
 * by itself.
 */

/** The PIN that is in force, as far as the gateway knows: one is made up only when it is set. */
export const knownPin = ({ pin, secrets }: SenderSecret): string | undefined => pin ?? secrets['generatedPin'];

/** Whether the PIN in force is the gateway's own. */
export const hasOwnPin = ({ pin, secrets }: SenderSecret): boolean =>
  pin === undefined && secrets['generatedPin'] !== undefined;

/** The PIN to set: the customer's, or one that is made up and stored before it is in force anywhere. */
export async function pinOf(job: Job): Promise<string> {
  const secret = await job.secret();
  const known = knownPin(secret);
  if (known !== undefined) return known;
  const generatedPin = String(randomInt(1_000_000)).padStart(6, '0');
  await job.changeSecret({ secrets: { ...secret.secrets, generatedPin } });
  return generatedPin;
}
