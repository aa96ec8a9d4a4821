import { once } from 'node:events';
import { ControlError, readControlBody } from '../../whatsapp/control/handler.ts';
import type { Faults } from '../../whatsapp/faults.ts';
import { faultRules } from '../../whatsapp/faults.ts';
import type { Answer, Request, Route } from '../../whatsapp/http/router.ts';
import { array, boolean, number, object, oneOf, optional, string } from '../../whatsapp/shape.ts';
import type { Meta } from '../business/meta.ts';
import { NAME_STATUSES, type PhoneNumber, QUALITY_RATINGS } from '../business/phone-number.ts';
import { TEMPLATE_STATUSES } from '../business/templates.ts';

export interface ControlCall {
  meta: Meta;
  faults: Faults;
  request: Request;
}
type ControlRoute = Route<(call: ControlCall) => Answer | Promise<Answer>>;

const done: Answer = { status: 204 };
const digits = string({ pattern: /^\d+$/, expected: 'digits' });

/** What tests and people do to Meta; errors are `{ "error": "<sentence>" }`. */
export const controlRoutes: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/numbers/{number}/codes',
    handler: async (call) => {
      const number = await codesOf(call);
      return { status: 200, json: { codes: number?.codes ?? [] } };
    },
  },
  {
    method: 'GET',
    pattern: '/control/numbers/{number}',
    handler: (call) => {
      const { fields, profile, pin, wabaId } = existing(call);
      return { status: 200, json: { ...fields, profile, pin, waba_id: wabaId } };
    },
  },
  {
    method: 'PATCH',
    pattern: '/control/numbers/{number}',
    handler: (call) => {
      const found = existing(call);
      const shape = object({
        nameStatus: optional(oneOf(...NAME_STATUSES)),
        quality: optional(oneOf(...QUALITY_RATINGS)),
      });
      const { nameStatus, quality } = readControlBody(call.request, shape);
      if (nameStatus) call.meta.decideName(found, nameStatus);
      if (quality) call.meta.decideQuality(found, quality);
      return done;
    },
  },
  {
    method: 'POST',
    pattern: '/control/declined-names',
    handler: ({ meta, request }) => {
      meta.declinedNames.add(readControlBody(request, object({ name: string() })).name);
      return done;
    },
  },
  {
    method: 'PATCH',
    pattern: '/control/settings',
    handler: ({ meta, request }) => {
      const shape = object({
        approvalDelayMs: optional(number({ min: 0 })),
        approvals: optional(oneOf('never')),
        callsPerHour: optional(number({ min: 0, integer: true })),
      });
      const { approvalDelayMs, approvals, callsPerHour } = readControlBody(request, shape);
      if (approvalDelayMs !== undefined || approvals) meta.settings.approvalDelayMs = approvals ?? approvalDelayMs ?? 0;
      if (callsPerHour !== undefined) meta.settings.callsPerHour = callsPerHour;
      return done;
    },
  },
  {
    method: 'POST',
    pattern: '/control/accounts',
    handler: ({ meta, request }) => {
      const { id, name = 'Test' } = readControlBody(request, object({ id: digits, name: optional(string()) }));
      meta.addAccount(id, name);
      return { status: 201, json: { id } };
    },
  },
  {
    method: 'POST',
    pattern: '/control/tokens',
    handler: ({ meta, request }) => {
      const shape = object({
        token: optional(string()),
        wabaIds: array(digits),
        scopes: optional(array(string())),
        expiresInMs: optional(number()),
      });
      const { token, wabaIds, scopes, expiresInMs } = readControlBody(request, shape);
      const made = meta.addToken({
        wabaIds,
        ...(token && { token }),
        ...(scopes && { scopes }),
        ...(expiresInMs !== undefined && { expiresAt: meta.clock.now() + expiresInMs }),
      });
      return { status: 201, json: { token: made.token } };
    },
  },
  {
    method: 'PATCH',
    pattern: '/control/accounts/{id}/templates/{name}',
    handler: ({ meta, request }) => {
      const account = meta.accounts.get(request.parameters['id'] ?? '');
      const name = request.parameters['name'] ?? '';
      const templates = account?.templates.list(name) ?? [];
      if (!account || templates.length === 0) throw new ControlError(404, `There is no template ${name}.`);
      const { status } = readControlBody(request, object({ status: oneOf(...TEMPLATE_STATUSES) }));
      for (const template of templates) meta.decideTemplate(account, template, status);
      return done;
    },
  },
  {
    method: 'POST',
    pattern: '/control/clock',
    handler: async ({ meta, request }) => {
      const shape = object({ advanceMs: optional(number({ min: 0 })), frozen: optional(boolean) });
      const { advanceMs, frozen } = readControlBody(request, shape);
      if (frozen === true) meta.clock.freeze();
      if (frozen === false) meta.clock.resume();
      if (advanceMs !== undefined) await meta.clock.advance(advanceMs);
      return { status: 200, json: { now: new Date(meta.clock.now()).toISOString() } };
    },
  },
  {
    method: 'POST',
    pattern: '/control/faults',
    handler: ({ faults, request }) => {
      faults.add(readControlBody(request, faultRules));
      return { status: 201, json: { faults: faults.list() } };
    },
  },
  {
    method: 'GET',
    pattern: '/control/faults',
    handler: ({ faults }) => ({ status: 200, json: { faults: faults.list() } }),
  },
  {
    method: 'DELETE',
    pattern: '/control/faults',
    handler: ({ faults }) => {
      faults.clear();
      return done;
    },
  },
];

function existing({ meta, request }: ControlCall): PhoneNumber {
  const number = meta.numberByDigits(request.parameters['number'] ?? '');
  if (!number) throw new ControlError(404, `There is no number ${request.parameters['number']}.`);
  return number;
}

/** With `?wait=2` answers once there are so many codes, or after `timeoutMs` (5000) of real time. */
async function codesOf({ meta, request }: ControlCall): Promise<PhoneNumber | undefined> {
  const wanted = Number(request.query.get('wait') ?? 0);
  const timeout = AbortSignal.timeout(Number(request.query.get('timeoutMs') ?? 5000));
  const find = () => meta.numberByDigits(request.parameters['number'] ?? '');
  while ((find()?.codes.length ?? 0) < wanted && !timeout.aborted) {
    // The end of the wait is an answer too: what there is.
    await once(meta.changes, 'code', { signal: timeout }).catch(() => undefined);
  }
  return find();
}
