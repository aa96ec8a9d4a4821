import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** AWS credentials; a session's have a token. */
export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface SignableRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
}

/**
 * The headers that sign a request with AWS Signature Version 4: every header that it has is signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 * @param scope the service's signing name and the region
 * @param at now, ms since the epoch
 */
export function signV4(
  request: SignableRequest,
  scope: { service: string; region: string },
  credentials: AwsCredentials,
  at: number,
): Record<string, string> {
  const time = new Date(at).toISOString().replace(/\.\d+|[-:]/g, '');
  const day = time.slice(0, 8);
  const added: Record<string, string> = {
    'X-Amz-Date': time,
    ...(credentials.sessionToken !== undefined && { 'X-Amz-Security-Token': credentials.sessionToken }),
  };
  const { canonical, signedHeaders } = canonicalRequest({ ...request, headers: { ...request.headers, ...added } });
  const credentialScope = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, credentialScope, sha256(canonical)].join('\n');
  // A key object costs a third of what a buffer does as a key.
  const key = [day, scope.region, scope.service, 'aws4_request'].reduce<string | KeyObject>(
    (secret, part) => createSecretKey(createHmac('sha256', secret).update(part).digest()),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `Credential=${credentials.accessKeyId}/${credentialScope}`;
  return {
    ...added,
    Authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

/** The request as both sides write it before they hash it. */
export function canonicalRequest({ method, url, headers, body }: SignableRequest): {
  canonical: string;
  signedHeaders: string;
} {
  const { host, pathname, searchParams } = new URL(url);
  const values = new Map<string, string>([['host', host]]);
  for (const [name, value] of Object.entries(headers)) {
    values.set(name.toLowerCase(), value.trim().replace(/ +/g, ' '));
  }
  const names = [...values.keys()].sort();
  const query = [...searchParams]
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([left, a], [right, b]) => compare(left, right) || compare(a, b))
    .map((pair) => pair.join('='))
    .join('&');
  const signedHeaders = names.join(';');
  const canonical = [
    method,
    // Every service but S3 wants the path encoded once more.
    pathname.split('/').map(escaped).join('/'),
    query,
    ...names.map((name) => `${name}:${values.get(name)}`),
    '',
    signedHeaders,
    sha256(body ?? ''),
  ].join('\n');
  return { canonical, signedHeaders };
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
