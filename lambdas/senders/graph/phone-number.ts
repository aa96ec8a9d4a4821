import * as z from 'zod';
import type { VerificationMethod } from '../../domain/registration.ts';
import type { Graph } from './graph.ts';

/*
 * Calls about one phone number, by its id, as Meta's registration guide has them.
 */

const stateSchema = z.object({
  /** `APPROVED`, `AVAILABLE_WITHOUT_REVIEW`, `DECLINED`, `EXPIRED`, `PENDING_REVIEW` or `NONE`. */
  name_status: z.string().optional(),
  verified_name: z.string().optional(),
  /** `VERIFIED`, `NOT_VERIFIED` or `EXPIRED`. */
  code_verification_status: z.string().optional(),
  /** `PENDING`, and `CONNECTED` once it is registered. */
  status: z.string().optional(),
  /** `CLOUD_API` once it is registered there. */
  platform_type: z.string().optional(),
  /** For the containers: what proves the display name, base64. */
  certificate: z.string().optional(),
});
export type NumberState = z.infer<typeof stateSchema>;

/** `GET /{id}?fields=` */
export async function fetchNumber(
  graph: Graph,
  numberId: string,
  fields: readonly (keyof NumberState)[],
): Promise<NumberState> {
  return graph.get(numberId, { fields: fields.join(',') }, stateSchema, 'show the phone number');
}

const doneSchema = z.object({});

/** `POST /{id}/request_code` @param language of the message or call, `en_US` */
export async function requestCode(
  graph: Graph,
  numberId: string,
  method: VerificationMethod,
  language: string,
): Promise<void> {
  const body = { code_method: method.toUpperCase(), language };
  await graph.post(`${numberId}/request_code`, body, doneSchema, 'send the verification code');
}

/** `POST /{id}/verify_code` @param code six digits */
export async function verifyCode(graph: Graph, numberId: string, code: string): Promise<void> {
  await graph.post(`${numberId}/verify_code`, { code }, doneSchema, 'accept the verification code');
}

/** `POST /{id}/register`: sets the PIN where there is none, else it must be the right one. Ten calls in 72 hours. */
export async function registerNumber(graph: Graph, numberId: string, pin: string): Promise<void> {
  await graph.post(`${numberId}/register`, { messaging_product: 'whatsapp', pin }, doneSchema, 'register the number');
}

/** `POST /{id}`: sets the PIN, whatever it was. */
export async function setPin(graph: Graph, numberId: string, pin: string): Promise<void> {
  await graph.post(numberId, { pin }, doneSchema, 'set the two-step PIN');
}

/** `POST /{id}`: submits another display name for review. */
export async function submitName(graph: Graph, numberId: string, name: string): Promise<void> {
  await graph.post(numberId, { new_display_name: name }, doneSchema, 'take the new display name');
}

/** `POST /{id}/deregister`. Ten calls in 72 hours. */
export async function deregisterNumber(graph: Graph, numberId: string): Promise<void> {
  await graph.post(`${numberId}/deregister`, {}, doneSchema, 'deregister the number');
}
