import { parentPort, workerData } from 'node:worker_threads';
import { createClient } from '../support/client.ts';
import type { Load, LoadResult } from './load.ts';

const { access, clients, messages } = workerData as Load;
const result: LoadResult = { startedAt: Date.now(), endedAt: 0, latencies: [], accepted: [], refused: [] };
const waiting = messages.values();

/** All clients draw from the same messages. */
async function runClient(): Promise<void> {
  const client = createClient(access);
  for (const message of waiting) {
    const started = performance.now();
    try {
      const { sid } = await client.messages.create(message);
      result.latencies.push(performance.now() - started);
      result.accepted.push({ ...message, sid });
    } catch (error) {
      result.refused.push(String(error));
    }
  }
}

await Promise.all(Array.from({ length: clients }, runClient));
result.endedAt = Date.now();
parentPort?.postMessage(result);
