import type { IncomingMessage, Server } from 'node:http';

/** How often each action of each emulated service was asked for, for benchmarks. */
export class Calls {
  readonly #counts = new Map<string, number>();

  /** Counts the requests of a server from now on, by the action that the protocol names or else by method. */
  watch(service: string, server: Server): void {
    server.on('request', ({ headers, method }: IncomingMessage) => {
      const action = String(headers['x-amz-target'] ?? method)
        .split('.')
        .at(-1);
      const key = `${service} ${action}`;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    });
  }

  /** Since the start, by service and action: `{ 'ECS CreateService': 2 }`. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([left], [right]) => left.localeCompare(right)));
  }
}
