import { createHash, createHmac } from 'node:crypto';
import type { IncomingRequest } from './recognise.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Whether a request has the AWS Signature Version 4 of an access key, whatever else it may carry. */
export function isSignedWith(
  request: IncomingRequest,
  key: { accessKeyId: string; secretAccessKey: string },
  scope: { service: string; region: string },
): boolean {
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
      request.headers['authorization'] ?? '',
    ) ?? [];
  const [id, date = '', region, service, terminator] = credential.split('/');
  if (id !== key.accessKeyId || region !== scope.region || service !== scope.service) return false;
  if (terminator !== 'aws4_request' || !names.split(';').includes('host')) return false;

  const canonical = [
    request.method,
    request.url.pathname,
    [...request.url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${(request.headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}`),
    '',
    names,
    request.headers['x-amz-content-sha256'] ?? sha256(request.bytes),
  ].join('\n');
  const time = request.headers['x-amz-date'] ?? '';
  const text = [ALGORITHM, time, [date, region, service, terminator].join('/'), sha256(canonical)].join('\n');
  const signing = [date, scope.region, scope.service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${key.secretAccessKey}`,
  );
  return time.startsWith(date) && hmac(signing, text).toString('hex') === signature;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
