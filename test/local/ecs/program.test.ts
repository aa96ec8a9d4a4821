import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerSchema } from '../../../local/ecs/definitions.ts';
import { readImage } from '../../../local/ecs/image.ts';
import { programOf } from '../../../local/ecs/program.ts';

const source = fileURLToPath(new URL('../fixtures/assembly/asset.image', import.meta.url));

describe('An image', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-'));
    await cp(source, directory, { recursive: true });
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('is what the Dockerfile says', async () => {
    expect(await readImage({ directory, dockerFile: 'Dockerfile' })).toEqual({
      entryPoint: [],
      command: ['node', '/app/main.mjs'],
      directory,
      workDirectory: '/app',
      environment: { COLOUR: 'blue', SIZE: 'large one' },
    });
  });

  it('does not take the command of a health check for its own', async () => {
    const lines = ['FROM node', 'CMD ["node", "main.ts"]', 'HEALTHCHECK --interval=1s \\', '  CMD ["node", "-e", "1"]'];
    await writeFile(join(directory, 'Dockerfile'), lines.join('\n'));
    expect((await readImage({ directory, dockerFile: 'Dockerfile' })).command).toEqual(['node', 'main.ts']);
  });

  it('is refused when its command is for a shell', async () => {
    await writeFile(join(directory, 'Dockerfile'), 'FROM node\nCMD node main.ts\n');
    await expect(readImage({ directory, dockerFile: 'Dockerfile' })).rejects.toThrow('shell form');
  });
});

describe("A container's program", () => {
  const image = {
    entryPoint: [],
    command: ['node', '/app/main.mjs', '--verbose'],
    directory: '/here',
    workDirectory: '/app',
    environment: { COLOUR: 'blue' },
  };
  const mounts = new Map([['/usr/local/media', '/tmp/volume']]);
  const container = (fields: object = {}) => containerSchema.parse({ name: 'Device', image: 'x', ...fields });

  it('runs the command of its image where the image was built from', () => {
    expect(programOf(container(), { image, secrets: {}, mounts })).toEqual({
      command: [process.execPath, 'main.mjs', '--verbose'],
      directory: '/here',
      environment: { COLOUR: 'blue' },
    });
  });

  it('has the variables of the image, of the container and its secrets, each before the one before', () => {
    const environment = [
      { name: 'COLOUR', value: 'red' },
      { name: 'PASSWORD', value: 'none' },
    ];
    const { environment: actual } = programOf(container({ environment }), {
      image,
      secrets: { PASSWORD: 's' },
      mounts,
    });
    expect(actual).toEqual({ COLOUR: 'red', PASSWORD: 's' });
  });

  it.each([
    ['a path in a volume', '/usr/local/media/state', '/tmp/volume/state'],
    ['the volume itself', '/usr/local/media', '/tmp/volume'],
    ['another path', '/usr/local/mediator', '/usr/local/mediator'],
  ])('has variables rewritten that begin with %s', (_name, value, expected) => {
    const environment = [{ name: 'STATE', value }];
    expect(programOf(container({ environment }), { image, secrets: {}, mounts }).environment['STATE']).toBe(expected);
  });

  it("runs a command of the container's own, or another one for a single task", () => {
    const command = ['find', '/usr/local/media', '-mindepth', '1', '-delete'];
    const expected = ['find', '/tmp/volume', '-mindepth', '1', '-delete'];
    expect(programOf(container({ command }), { image, secrets: {}, mounts }).command).toEqual(expected);
    expect(programOf(container(), { image, secrets: {}, mounts }, command).command).toEqual(expected);
  });

  it('does without the command of its image when it has an entry point of its own', () => {
    const entryPoint = ['node', 'other.mjs'];
    expect(programOf(container({ entryPoint }), { image, secrets: {}, mounts }).command).toEqual([
      process.execPath,
      'other.mjs',
    ]);
  });

  it.each([
    ['a path of this machine', ['find', '/usr/local/share', '-delete'], '/usr/local/share is in no volume of the task'],
    ['a path beside a volume', ['find', '/usr/local/media/../share'], 'is in no volume of the task'],
    ['the root', ['find', '/'], '/ is in no volume of the task'],
    ['another program', ['python', 'main.py'], 'The container runs python'],
    ['no program', [], 'has no command'],
  ])('is refused when it runs %s', (_name, command, message) => {
    const bare = { ...image, command: [] };
    expect(() => programOf(container(), { image: bare, secrets: {}, mounts }, command)).toThrow(message);
  });
});
