import { ApiError } from '../http/errors.ts';
import type { Request } from '../http/router.ts';
import { type ApiRoute, DONE, route } from './handler.ts';

function pem(request: Request, blocks: RegExp[]): string {
  const text = request.body.toString('utf8');
  if (!blocks.every((block) => block.test(text))) throw new ApiError(1009, 'The body is not the PEM that is expected.');
  return text;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

function shown(text: string | undefined) {
  if (text === undefined) return { status: 404 };
  return { status: 200, bytes: { type: 'text/plain', content: Buffer.from(text) } };
}

export const certificateRoutes: ApiRoute[] = [
  route('POST', '/v1/certificates/external', 'admin', ({ device, request }) => {
    // The private key is checked and forgotten: a simulator's own transport has no TLS.
    const bundle = pem(request, [PRIVATE_KEY, CERTIFICATE]);
    device.profile.externalAuthority = CERTIFICATE.exec(bundle)?.[0];
    return DONE;
  }),
  route('GET', '/v1/certificates/external/ca', 'admin', ({ device }) => shown(device.profile.externalAuthority)),
  route('POST', '/v1/certificates/webhooks/ca', 'admin', ({ device, request }) => {
    device.profile.webhookAuthority = pem(request, [CERTIFICATE]);
    return DONE;
  }),
  route('GET', '/v1/certificates/webhooks/ca', 'admin', ({ device }) => shown(device.profile.webhookAuthority)),
  route('DELETE', '/v1/certificates/webhooks/ca', 'admin', ({ device }) => {
    device.profile.webhookAuthority = undefined;
    return DONE;
  }),
];
