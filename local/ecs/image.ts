import { readFile } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import type { ImageAsset } from '../template/assembly.ts';

/** How to run a container's process without a container. */
export interface ImageProcess {
  command: string[];
  directory: string;
  environment: Record<string, string>;
}

/**
 * Reads from an image's Dockerfile what its process would be: `ENV` and `CMD`, in the directory of the image's source.
 * So it runs images of plain Node.js files whose `WORKDIR` holds a copy of that directory, with nothing installed on top.
 * @throws when the Dockerfile asks for more than that
 */
export async function readImage({ directory, dockerFile }: ImageAsset): Promise<ImageProcess> {
  const instructions = parseDockerfile(await readFile(join(directory, dockerFile), 'utf8'));
  const last = (name: string) => instructions.findLast((instruction) => instruction.name === name)?.argument;
  const command = [...parseExecForm(last('ENTRYPOINT')), ...parseExecForm(last('CMD'))];
  const [program, ...rest] = command;
  if (program !== 'node') {
    throw new Error(`${dockerFile} must run node, in the form CMD ["node", "main.ts"], to be run without Docker.`);
  }
  const workDirectory = last('WORKDIR') ?? '/';
  const environment: Record<string, string> = {};
  for (const { argument } of instructions.filter(({ name }) => name === 'ENV')) {
    for (const match of argument.matchAll(/([A-Za-z_]\w*)=("[^"]*"|\S*)/g)) {
      environment[match[1] ?? ''] = (match[2] ?? '').replace(/^"(.*)"$/, '$1');
    }
  }
  const local = (argument: string) =>
    isAbsolute(argument) && argument.startsWith(workDirectory) ? posix.relative(workDirectory, argument) : argument;
  return { command: [process.execPath, ...rest.map(local)], directory, environment };
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
