import { GraphError } from '../graph-error.ts';
import { accountOf, type GraphCall, type GraphRoute, required, selected, success } from './call.ts';

const TEMPLATE_NAME = /^[a-z0-9_]{1,512}$/;

/** What Graph does with a WhatsApp Business account. */
export const accountRoutes: GraphRoute[] = [
  {
    method: 'GET',
    pattern: '/{id}/phone_numbers',
    handler: (call) => {
      const account = accountOf(call);
      return { status: 200, json: { data: account.numbers.map(({ fields }) => listed(fields, call)) } };
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/phone_numbers',
    handler: (call) => {
      const account = accountOf(call);
      const cc = required(call, 'cc');
      const given = required(call, 'phone_number').replace(/\D/g, '');
      const digits = given.startsWith(cc) ? given : cc + given;
      const owner = call.meta.numberByDigits(digits);
      if (owner)
        throw new GraphError(100, 'The phone number is in use by a WhatsApp Business account.', { subcode: 2388012 });
      const number = call.meta.addNumber(account, digits, required(call, 'verified_name'));
      return { status: 200, json: { id: number.id } };
    },
  },
  {
    method: 'GET',
    pattern: '/{id}/message_templates',
    handler: (call) => {
      const name = call.given['name'];
      return {
        status: 200,
        json: { data: accountOf(call).templates.list(name === undefined ? undefined : String(name)) },
      };
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/message_templates',
    handler: (call) => {
      const account = accountOf(call);
      const name = required(call, 'name');
      if (!TEMPLATE_NAME.test(name)) throw new GraphError(100, 'A name has a to z, 0 to 9 and underscores.');
      const { components } = call.given;
      if (!Array.isArray(components) || components.length === 0) throw new GraphError(100, 'components is required.');
      const category = required(call, 'category');
      const template = account.templates.add({
        id: call.meta.newId(),
        name,
        language: required(call, 'language'),
        category,
        components,
      });
      call.meta.reviewTemplate(account, template);
      return { status: 200, json: { id: template.id, status: template.status, category } };
    },
  },
  {
    method: 'DELETE',
    pattern: '/{id}/message_templates',
    handler: (call) => {
      accountOf(call).templates.remove(required(call, 'name'));
      return success;
    },
  },
  {
    method: 'GET',
    pattern: '/{id}/subscribed_apps',
    handler: (call) => {
      const { subscription } = accountOf(call);
      const { app } = call.meta;
      const data = subscription
        ? [{ whatsapp_business_api_data: { id: app.id }, override_callback_uri: subscription.callbackUrl }]
        : [];
      return { status: 200, json: { data } };
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/subscribed_apps',
    handler: async (call) => {
      const account = accountOf(call);
      // Without an override the app's own URL is meant, and the app of the sandbox has none.
      const subscription = {
        callbackUrl: required(call, 'override_callback_uri'),
        verifyToken: required(call, 'verify_token'),
      };
      await call.meta.confirm(subscription);
      account.subscription = subscription;
      return success;
    },
  },
  {
    method: 'DELETE',
    pattern: '/{id}/subscribed_apps',
    handler: (call) => {
      accountOf(call).subscription = undefined;
      return success;
    },
  },
];

/** As `selected`; without `fields` a list shows the usual ones. */
function listed(fields: Record<string, unknown>, call: GraphCall): Record<string, unknown> {
  const usual = 'verified_name,display_phone_number,quality_rating,code_verification_status';
  return selected(fields, { ...call, given: { fields: usual, ...call.given } });
}
