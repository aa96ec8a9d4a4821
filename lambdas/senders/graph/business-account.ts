import * as z from 'zod';
import type { Graph } from './graph.ts';

/*
 * Calls about a WhatsApp Business Account (WABA), as Meta's registration guide has them.
 */

const tokenSchema = z.object({
  data: z.object({
    app_id: z.coerce.string().optional(),
    is_valid: z.boolean(),
    /** Seconds since the epoch; 0: never. */
    expires_at: z.number().optional(),
    scopes: z.array(z.string()).default([]),
  }),
});
export type TokenState = z.infer<typeof tokenSchema>['data'];

/** `GET /debug_token` */
export const inspectToken = async (graph: Graph): Promise<TokenState> => (await graph.debugToken(tokenSchema)).data;

const idSchema = z.object({ id: z.coerce.string() });

/** `GET /{WABA}`: proves that the token may use the account. */
export async function fetchAccount(graph: Graph, wabaId: string): Promise<void> {
  await graph.get(wabaId, { fields: 'id' }, idSchema, `show the WhatsApp Business Account ${wabaId}`);
}

const listedNumberSchema = z.object({ id: z.coerce.string(), display_phone_number: z.string() });

/** `GET /{WABA}/phone_numbers`: the id of the number there. @param address digits with country code, `15550100200` */
export async function findNumber(graph: Graph, wabaId: string, address: string): Promise<string | undefined> {
  const query = { fields: 'id,display_phone_number' };
  const numbers = await graph.all(`${wabaId}/phone_numbers`, query, listedNumberSchema, 'list the phone numbers');
  return numbers.find((number) => number.display_phone_number.replaceAll(/\D/g, '') === address)?.id;
}

export interface NewNumber {
  /** Country code, `1`. */
  cc: string;
  /** Without it, `5550100200`. */
  phoneNumber: string;
  /** The name that people see, once Meta has approved it. */
  verifiedName: string;
}

/** `POST /{WABA}/phone_numbers`: adds a number and answers its id. */
export async function addNumber(
  graph: Graph,
  wabaId: string,
  { cc, phoneNumber, verifiedName }: NewNumber,
): Promise<string> {
  const body = { cc, phone_number: phoneNumber, verified_name: verifiedName };
  return (await graph.post(`${wabaId}/phone_numbers`, body, idSchema, 'add the number')).id;
}

const templateSchema = z.object({ name: z.string(), language: z.string(), status: z.string() });
export type TemplateState = z.infer<typeof templateSchema>;

/** `POST /{WABA}/message_templates`: submits a template, as Graph takes it, for Meta's review. */
export async function submitTemplate(graph: Graph, wabaId: string, template: Record<string, unknown>): Promise<void> {
  await graph.post(`${wabaId}/message_templates`, template, z.unknown(), `submit the template ${template['name']}`);
}

/** `GET /{WABA}/message_templates`: each template with its approval: `APPROVED`, `PENDING`, `REJECTED` … */
export async function listTemplates(graph: Graph, wabaId: string): Promise<TemplateState[]> {
  const query = { fields: 'name,language,status' };
  return graph.all(`${wabaId}/message_templates`, query, templateSchema, 'list the templates');
}
