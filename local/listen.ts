import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Thrown for what the person at the keyboard can put right; its message is one sentence that says how. */
export class StartError extends Error {}

/**
 * Makes a server listen on the loopback address only.
 * @param port 0 for any free one
 * @returns the port it listens on
 * @throws StartError when the port is taken or not allowed
 */
export async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `Port ${port} is taken; stop what uses it or choose another one, as in: PORT=8081 npm start`,
      );
    }
    if (code === 'EACCES') throw new StartError(`Port ${port} needs more rights than you have; choose one above 1023.`);
    throw error;
  }
  return (server.address() as AddressInfo).port;
}

/** Closes a server and the connections that clients keep open. */
export async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** A port that was free a moment ago, for a child process that cannot tell us which one it took. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await close(server);
  return port;
}
