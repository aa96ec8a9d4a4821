import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../local/http-api/routes.ts';

const routes = [
  '$default',
  'ANY /2010-04-01/{proxy+}',
  'ANY /v2/Channels/Senders/{proxy+}',
  'ANY /v2/Channels/Senders',
  'ANY /webhooks/{channel}/{account}/{secret}',
  'GET /pets/dog/1',
  'GET /pets/dog/{id}',
  'ANY /pets/dog/{id}',
  'GET /pets/{proxy+}',
].map((key) => ({ key, target: key }));

describe('Routing of an HTTP API', () => {
  it.each([
    [
      'GET',
      '/2010-04-01/Accounts/AC1/Messages.json',
      'ANY /2010-04-01/{proxy+}',
      { proxy: 'Accounts/AC1/Messages.json' },
    ],
    ['POST', '/v2/Channels/Senders', 'ANY /v2/Channels/Senders', {}],
    ['GET', '/v2/Channels/Senders/XE1', 'ANY /v2/Channels/Senders/{proxy+}', { proxy: 'XE1' }],
    [
      'POST',
      '/webhooks/whatsapp/AC1/s',
      'ANY /webhooks/{channel}/{account}/{secret}',
      { channel: 'whatsapp', account: 'AC1', secret: 's' },
    ],
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['PUT', '/pets/dog/1', 'ANY /pets/dog/{id}', { id: '1' }],
    ['GET', '/pets/cat/3', 'GET /pets/{proxy+}', { proxy: 'cat/3' }],
    ['PUT', '/pets/cat/3', '$default', {}],
    ['GET', '/', '$default', {}],
    ['GET', '/2010-04-01', '$default', {}],
    ['GET', '/2010-04-01/', '$default', {}],
    ['GET', '/webhooks/whatsapp/AC1', '$default', {}],
    ['GET', '/webhooks/whatsapp/AC1/s/more', '$default', {}],
    ['GET', '/webhooks/whatsapp//s', '$default', {}],
    ['GET', '/2010-04-01x/Accounts', '$default', {}],
  ])('takes %s %s to %s', (method, path, key, pathParameters) => {
    expect(matchRoute(routes, method, path)).toEqual({ route: { key, target: key }, pathParameters });
  });

  it('does not depend on the order of the routes', () => {
    const reversed = [...routes].reverse();
    expect(matchRoute(reversed, 'GET', '/pets/dog/1')?.route.key).toBe('GET /pets/dog/1');
    expect(matchRoute(reversed, 'GET', '/pets/dog/2')?.route.key).toBe('GET /pets/dog/{id}');
  });

  it('finds nothing when there is no default', () => {
    expect(matchRoute(routes.slice(1), 'GET', '/nowhere')).toBeUndefined();
  });
});
