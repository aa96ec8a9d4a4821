import { Worker } from 'node:worker_threads';
import type { Access } from '../support/client.ts';

/** A message as the SDK takes it; the body is its own. */
export interface LoadMessage {
  from: string;
  to: string;
  body: string;
}

/** What clients do: send `messages`, each client the next one as soon as its last is answered. */
export interface Load {
  access: Access;
  clients: number;
  messages: readonly LoadMessage[];
}

/** What came of it. Times are milliseconds since the epoch. */
export interface LoadResult {
  startedAt: number;
  /** When the last answer came. */
  endedAt: number;
  /** From request to answer, in milliseconds, of each message that was accepted. */
  latencies: number[];
  accepted: (LoadMessage & { sid: string })[];
  /** What the SDK threw for those that were not. */
  refused: string[];
}

/** Puts a load on a gateway from a thread of its own, so that its event loop is not the one that runs the emulators. */
export async function putLoad(load: Load, signal: AbortSignal): Promise<LoadResult> {
  const worker = new Worker(new URL('./load.worker.ts', import.meta.url), { workerData: load });
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('The clients ended without a result.')));
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
