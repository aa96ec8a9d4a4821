import { type Answer, header, type Request, type Route } from '../../whatsapp/http/router.ts';
import type { BusinessAccount } from '../business/business-account.ts';
import type { Meta } from '../business/meta.ts';
import type { PhoneNumber } from '../business/phone-number.ts';
import { GraphError } from '../graph-error.ts';

/** A request to Graph whose token is good, with everything it gave: query, form and JSON alike. */
export interface GraphCall {
  meta: Meta;
  request: Request;
  given: Record<string, unknown>;
}

export type GraphHandler = (call: GraphCall) => Answer | Promise<Answer>;
export type GraphRoute = Route<GraphHandler>;

export const success: Answer = { status: 200, json: { success: true } };

/** What a request gave, whichever way: Graph takes query, form and JSON. */
export function readGiven(request: Request): Record<string, unknown> {
  const fromQuery = Object.fromEntries(request.query);
  if (request.body.length === 0) return fromQuery;
  const text = request.body.toString('utf8');
  if (!header(request, 'content-type')?.includes('json')) {
    return { ...fromQuery, ...Object.fromEntries(new URLSearchParams(text)) };
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? { ...fromQuery, ...body } : fromQuery;
  } catch {
    throw new GraphError(100, 'The body is not JSON.');
  }
}

/** A parameter that must be there, as text. */
export function required({ given }: GraphCall, name: string): string {
  const value = given[name];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') throw new GraphError(100, `The parameter ${name} is required.`);
  return value;
}

/** The account that the path names, if the token reaches it. Counts the call. */
export function accountOf(call: GraphCall): BusinessAccount {
  const { meta, request } = call;
  const account = meta.accounts.get(request.parameters['id'] ?? '');
  if (!account || !reaches(call, account.id)) throw unknownObject(request.parameters['id']);
  const now = meta.clock.now();
  account.calls = account.calls.filter((at) => at > now - 3_600_000);
  if (account.calls.length >= meta.settings.callsPerHour) {
    throw new GraphError(80007, 'Too many calls for this WhatsApp Business account.');
  }
  account.calls.push(now);
  return account;
}

/** The phone number that the path names, if the token reaches it. */
export function numberOf(call: GraphCall): PhoneNumber {
  const number = call.meta.numberById(call.request.parameters['id'] ?? '');
  if (!number || !reaches(call, number.wabaId)) throw unknownObject(call.request.parameters['id']);
  return number;
}

/** The fields that `?fields=a,b` asks for; `id` always comes along. */
export function selected(fields: Record<string, unknown>, call: GraphCall): Record<string, unknown> {
  const asked = String(call.given['fields'] ?? '').split(',');
  const names = new Set(['id', ...asked.map((name) => name.trim())]);
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => names.has(name) && value !== undefined));
}

/** Checks the bearer token. Throws GraphError 104 or 190. */
export function requireToken(meta: Meta, request: Request): void {
  const token = bearer(request);
  if (token === undefined) throw new GraphError(104, 'No access token was given.');
  const known = meta.tokens.get(token);
  if (!known) throw new GraphError(190, 'The access token is not known.', { subcode: 467 });
  if (known.expiresAt !== undefined && known.expiresAt <= meta.clock.now()) {
    throw new GraphError(190, 'The access token has expired.', { subcode: 463 });
  }
}

function reaches({ meta, request }: GraphCall, wabaId: string): boolean {
  return meta.tokens.get(bearer(request) ?? '')?.wabaIds.includes(wabaId) ?? false;
}

function bearer(request: Request): string | undefined {
  return /^Bearer (\S+)$/.exec(header(request, 'authorization') ?? '')?.[1];
}

/** Graph says the same of an object that is not there and of one that the token does not reach. */
function unknownObject(id: string | undefined): GraphError {
  const details = `Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`;
  return new GraphError(100, details, { subcode: 33 });
}
