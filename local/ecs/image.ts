import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageAsset } from '../template/assembly.ts';

/** What a Dockerfile says of the container's process. */
export interface Image {
  entryPoint: string[];
  command: string[];
  environment: Record<string, string>;
  /** Where the process runs in the container. */
  workDirectory: string;
  /** What stands for that on this machine. */
  directory: string;
}

/**
 * Reads from an image's Dockerfile what its process would be: `ENV`, `WORKDIR`, `ENTRYPOINT` and `CMD`. The directory of
 * the image's source stands for its `WORKDIR`, so only images that copy that directory there can be run, with nothing
 * installed on top.
 * @throws when the Dockerfile uses the form of a command that needs a shell of its own
 */
export async function readImage({ directory, dockerFile }: ImageAsset): Promise<Image> {
  const instructions = parseDockerfile(await readFile(join(directory, dockerFile), 'utf8'));
  const last = (name: string) => instructions.findLast((instruction) => instruction.name === name)?.argument;
  const environment: Record<string, string> = {};
  for (const { argument } of instructions.filter(({ name }) => name === 'ENV')) {
    for (const match of argument.matchAll(/([A-Za-z_]\w*)=("[^"]*"|\S*)/g)) {
      environment[match[1] ?? ''] = (match[2] ?? '').replace(/^"(.*)"$/, '$1');
    }
  }
  return {
    entryPoint: parseExecForm(last('ENTRYPOINT')),
    command: parseExecForm(last('CMD')),
    environment,
    workDirectory: last('WORKDIR') ?? '/',
    directory,
  };
}

function parseDockerfile(text: string): { name: string; argument: string }[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split('\n')
    .map((line) => /^\s*([A-Za-z]+)\s+(.*\S)/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ name: (match[1] ?? '').toUpperCase(), argument: match[2] ?? '' }));
}

function parseExecForm(argument: string | undefined): string[] {
  if (argument === undefined) return [];
  if (!argument.startsWith('[')) throw new Error(`Docker's shell form cannot be run without Docker: ${argument}`);
  return (JSON.parse(argument) as unknown[]).map(String);
}
