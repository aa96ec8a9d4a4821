import { accountOf, type GraphRoute, numberOf, selected } from './call.ts';

/** `GET /{id}`: Graph knows by the id alone what it is. */
export const objectRoutes: GraphRoute[] = [
  {
    method: 'GET',
    pattern: '/{id}',
    handler: (call) => {
      const { meta, request } = call;
      if (!meta.accounts.has(request.parameters['id'] ?? '')) {
        return { status: 200, json: selected(numberOf(call).fields, call) };
      }
      const { id, name } = accountOf(call);
      const fields = { id, name, currency: 'USD', timezone_id: '1', message_template_namespace: `namespace_${id}` };
      return { status: 200, json: selected({ ...fields, account_review_status: 'APPROVED' }, call) };
    },
  },
];
