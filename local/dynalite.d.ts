declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** An in-memory DynamoDB; delays are in milliseconds. */
  export default function dynalite(options?: {
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
}
