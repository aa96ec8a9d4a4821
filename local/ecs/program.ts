import { isAbsolute, join, posix } from 'node:path';
import process from 'node:process';
import type { Container } from './definitions.ts';
import type { Image } from './image.ts';

/** What a container may run beside Node.js: the system's own tools that do the same on every machine. */
const TOOLS: ReadonlySet<string> = new Set(['find']);

/** How to run a container's process without a container. */
export interface Program {
  command: [string, ...string[]];
  directory: string;
  environment: Record<string, string>;
}

export interface Surroundings {
  image: Image;
  /** Values of the container's `secrets`, by the name of their variable. */
  secrets: Readonly<Record<string, string>>;
  /** The directory on this machine for each `containerPath` that a volume is mounted at. */
  mounts: ReadonlyMap<string, string>;
}

/**
 * What a container's process is on this machine. Variables and arguments that begin with the path of a volume get the
 * directory that stands for it, and arguments in the image's `WORKDIR` become relative to it.
 * @param override a command to run instead of the container's own
 * @throws when there is no command, or one that would touch this machine outside of the task's volumes
 */
export function programOf(
  container: Container,
  { image, secrets, mounts }: Surroundings,
  override?: readonly string[],
): Program {
  const [program, ...rest] = [
    ...(container.entryPoint ?? image.entryPoint),
    // As Docker has it: a new entry point does without the image's command.
    ...(override ?? container.command ?? (container.entryPoint ? [] : image.command)),
  ];
  if (program === undefined) throw new Error('The container has no command, and its image has none either.');
  const place = (value: string) => inMount(value, mounts) ?? value;
  const environment: Record<string, string> = { ...image.environment };
  for (const { name, value } of container.environment) environment[name] = place(value);
  Object.assign(environment, secrets);
  const args = rest.map((argument) => inMount(argument, mounts) ?? inWorkDirectory(argument, image));
  if (program === 'node') return { command: [process.execPath, ...args], directory: image.directory, environment };
  if (!TOOLS.has(program)) {
    throw new Error(
      `The container runs ${program}; without Docker it must run node, or one of: ${[...TOOLS].join(', ')}.`,
    );
  }
  return {
    command: [program, ...args],
    directory: image.directory,
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment },
  };
}

function inMount(value: string, mounts: ReadonlyMap<string, string>): string | undefined {
  const path = isAbsolute(value) ? posix.normalize(value) : value;
  for (const [containerPath, directory] of mounts) {
    if (path === containerPath) return directory;
    if (path.startsWith(`${containerPath}/`)) return join(directory, path.slice(containerPath.length));
  }
  return undefined;
}

function inWorkDirectory(argument: string, { workDirectory }: Image): string {
  if (!isAbsolute(argument)) return argument;
  const relative = posix.relative(workDirectory, argument);
  // Whatever else a container has at a path, this machine has something of its own there.
  if (workDirectory === '/' || relative.startsWith('..')) {
    throw new Error(`${argument} is in no volume of the task, and the task runs without a container.`);
  }
  return relative;
}
