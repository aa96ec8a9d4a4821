import http from 'node:http';
import https from 'node:https';

/** Why a request came to nothing, or the status that it got. */
export interface PostResult {
  status?: number;
  problem?: string;
}

interface PostOptions {
  timeoutMs: number;
  signal: AbortSignal;
  /** PEM of a CA to trust besides the well-known ones. */
  certificateAuthority: string | undefined;
}

const plainAgent = new http.Agent({ keepAlive: true });
const secureAgent = new https.Agent({ keepAlive: true });

/** Posts JSON, follows nothing, reads the answer's status only. Never throws: a failure is a `problem`. */
export async function postJson(url: string, body: string, options: PostOptions): Promise<PostResult> {
  const first = await attempt(url, body, options);
  // A kept connection can be closed by the other side just as it is used again: that says nothing about the receiver.
  const { stale, ...result } = first.stale ? await attempt(url, body, options) : first;
  return result;
}

function attempt(url: string, body: string, options: PostOptions): Promise<PostResult & { stale: boolean }> {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const request = (secure ? https : http).request(url, {
      method: 'POST',
      agent: secure ? secureAgent : plainAgent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      // Real time, not the simulator's: the receiver lives outside.
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
      ...(options.certificateAuthority === undefined ? {} : { ca: options.certificateAuthority }),
    });
    const failed = (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && error.code === 'ECONNRESET';
      resolve({ problem: error.code ?? error.message, stale });
    };
    request.on('error', failed);
    request.on('response', (response) => {
      response.on('error', failed);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, stale: false }));
      response.resume();
    });
    request.end(body);
  });
}
