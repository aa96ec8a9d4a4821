import { checkUrl } from '../../domain/url-policy.ts';
import { InDoubtError, NotSentError } from '../../platform/http.ts';
import type { StepDependencies } from './job.ts';

const MAX_BYTES = 5 * 1_048_576;
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 10_000;

export interface Photo {
  bytes: Uint8Array;
  contentType: string;
}

/**
 * Fetches a customer's picture, from the public internet only.
 * @returns the picture, or what is wrong with it, to follow "profile.logo_url"
 */
export async function fetchPhoto(
  url: string,
  { sendForBytes, policy }: Pick<StepDependencies, 'sendForBytes' | 'policy'>,
  redirects = MAX_REDIRECTS,
): Promise<Photo | { problem: string }> {
  const refused = checkUrl(url, policy);
  if (refused) return { problem: refused.message };
  const options = { addresses: policy, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES + 1 };
  const answer = await sendForBytes({ method: 'GET', url, headers: {} }, options).catch((error: unknown) => {
    if (error instanceof NotSentError || error instanceof InDoubtError) return undefined;
    throw error;
  });
  if (!answer) return { problem: 'was not reached or did not answer in time' };
  const { status, headers, bytes } = answer;
  const { location } = headers;
  if (status >= 300 && status < 400 && location !== undefined) {
    const target = URL.parse(location, url);
    if (target === null || redirects === 0) return { problem: 'is redirected too often, or to nowhere' };
    return fetchPhoto(target.href, { sendForBytes, policy }, redirects - 1);
  }
  if (status !== 200) return { problem: `was answered with HTTP ${status}` };
  if (bytes.length > MAX_BYTES) return { problem: 'is larger than 5 MiB' };
  const contentType = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== 'image/jpeg' && contentType !== 'image/png') return { problem: 'is no JPEG or PNG picture' };
  return { bytes, contentType };
}
