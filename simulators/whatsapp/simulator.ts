import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLaboratory } from './laboratory.ts';
import type { SimulatorOptions } from './options.ts';
import { requestListener } from './serve.ts';

export interface Simulator {
  /** `http://127.0.0.1:9100`. */
  url: string;
  port: number;
  /** Closes every connection and forgets everything. */
  stop(): Promise<void>;
}

/**
 * Starts a simulated WhatsApp network with its devices in this process. Rejects with a sentence when an option makes
 * no sense or the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  const laboratory = createLaboratory(options);
  const server = createServer(requestListener(laboratory));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `http://${name.includes(':') ? `[${name}]` : name}:${port}`,
    port,
    async stop() {
      laboratory.clock.stop();
      for (const device of laboratory.network.devices) device.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
