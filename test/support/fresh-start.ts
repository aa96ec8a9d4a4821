import process from 'node:process';
import { afterAll, vi } from 'vitest';

/*
 * Test files share processes, so that what comes from node_modules is loaded once in each. Of this repository's modules every
 * file gets its own, and it leaves the environment as it found it.
 */
vi.resetModules();

const found = { ...process.env };
afterAll(() => {
  for (const name of Object.keys(process.env)) {
    if (!(name in found)) delete process.env[name];
  }
  Object.assign(process.env, found);
});
