import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { settings } from '../fleet/settings.ts';

/*
 * The gateway may remove what carries its tag. Of what is gone AWS does not say that it is gone but that it may not be
 * removed, which no emulator does: a server answers so.
 */

const ARN = 'arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1';
const DENIED = { __type: 'AccessDeniedException', message: 'not authorized to perform this action' };

let isThere: boolean;
const answers: Record<string, () => { status: number; body: unknown }> = {
  DeleteService: () => ({ status: 400, body: DENIED }),
  ListServices: () => ({ status: 200, body: { Services: isThere ? [{ Id: 'srv-1', Arn: ARN, Name: 'web-1' }] : [] } }),
  DELETE: () => ({ status: 403, body: DENIED }),
  GET: () => ({ status: 200, body: { AccessPoints: isThere ? [{ AccessPointId: 'fsap-1', Tags: [] }] : [] } }),
};
const server = createServer(({ headers, method = '' }, response) => {
  const action =
    String(headers['x-amz-target'] ?? method)
      .split('.')
      .at(-1) ?? '';
  const { status, body } = answers[action]?.() ?? { status: 501, body: {} };
  const type = status === 403 ? { 'x-amzn-errortype': 'AccessDeniedException' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...type }).end(JSON.stringify(body));
});

let registries: import('../../lambdas/platform/cloud-map.ts').Registries;
let volumes: import('../../lambdas/platform/volumes.ts').Volumes;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SERVICEDISCOVERY: url,
    AWS_ENDPOINT_URL_EFS: url,
  });
  const { Registries } = await import('../../lambdas/platform/cloud-map.ts');
  const { Volumes } = await import('../../lambdas/platform/volumes.ts');
  registries = new Registries(settings);
  volumes = new Volumes(settings);
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  isThere = false;
});

describe('what may not be removed', () => {
  it('is taken for removed when it is not there', async () => {
    await expect(registries.remove(ARN)).resolves.toBe(true);
    await expect(volumes.remove('fsap-1')).resolves.toBeUndefined();
  });

  it('is an error when it is there: somebody else made it', async () => {
    isThere = true;
    await expect(registries.remove(ARN)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(volumes.remove('fsap-1')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
