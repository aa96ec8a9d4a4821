import { once } from 'node:events';
import { createServer } from 'node:http';
import process from 'node:process';
import { close, listen } from '../../local/listen.ts';
import { startAws } from '../../test/support/aws.ts';
import { fixtureOf } from './fixtures.ts';

/*
 * What a deliver function talks to, in a process of its own so that its CPU time is not the function's: AWS emulators, and
 * providers (`/<channel>/…`) that accept everything. Tells its parent the environment and the providers' URL; ends when told so.
 */

export interface Backend {
  environment: Record<string, string>;
  providersUrl: string;
}

const before = new Set(Object.keys(process.env));
const aws = await startAws();
const providers = createServer((request, response) => {
  request.resume().on('end', () => {
    const [, channel = ''] = request.url?.split('/') ?? [];
    response.writeHead(200, { 'content-type': 'application/json' }).end(fixtureOf(channel).answer);
  });
});
const port = await listen(providers, 0);
const added = Object.entries(process.env).filter(([name]) => !before.has(name) || /^(AWS|ALLOW)_/.test(name));
const backend: Backend = {
  environment: Object.fromEntries(added.map(([name, value]) => [name, value ?? ''])),
  providersUrl: `http://127.0.0.1:${port}`,
};
process.send?.(backend);
// Also when the parent is gone.
await once(process, 'disconnect');
await Promise.all([close(providers), aws.stop()]);
