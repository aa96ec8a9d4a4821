import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { awsVariables, type Endpoints } from './lambda/variables.ts';
import { ROOT } from './synthesize.ts';

/**
 * The gateway's auth token, in the way that the deployed stack documents: by its own command, against the local services.
 * @param outputs of the stacks
 */
export async function readAuthToken(outputs: Record<string, string>, endpoints: Endpoints): Promise<string> {
  const [, command] = /-- (.*)$/.exec(outputs['AuthTokenCommand'] ?? '') ?? [];
  if (command === undefined) throw new Error('The stacks have no output AuthTokenCommand.');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'bin/auth-token.ts'), ...command.split(' ')],
    { env: { ...process.env, ...awsVariables(endpoints) } },
  );
  return stdout.trim();
}
