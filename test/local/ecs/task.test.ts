import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImage } from '../../../local/ecs/image.ts';
import { Task } from '../../../local/ecs/task.ts';
import { freePort } from '../../../local/listen.ts';

const source = fileURLToPath(new URL('../fixtures/assembly/asset.image', import.meta.url));

describe('The process of an image', () => {
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
      command: [process.execPath, 'main.mjs'],
      directory,
      environment: { COLOUR: 'blue', SIZE: 'large one' },
    });
  });

  it('does not take the command of a health check for its own', async () => {
    const lines = ['FROM node', 'CMD ["node", "main.ts"]', 'HEALTHCHECK --interval=1s \\', '  CMD ["node", "-e", "1"]'];
    await writeFile(join(directory, 'Dockerfile'), lines.join('\n'));
    expect((await readImage({ directory, dockerFile: 'Dockerfile' })).command).toEqual([process.execPath, 'main.ts']);
  });

  it.each([
    ['another program', 'CMD ["python", "main.py"]', 'must run node'],
    ['no command', 'EXPOSE 8080', 'must run node'],
    ['a shell command', 'CMD node main.ts', 'shell form'],
  ])('is refused when the Dockerfile has %s', async (_name, line, message) => {
    await writeFile(join(directory, 'Dockerfile'), `FROM node\n${line}\n`);
    await expect(readImage({ directory, dockerFile: 'Dockerfile' })).rejects.toThrow(message);
  });
});

describe('A task', () => {
  const tasks: Task[] = [];
  const events: string[] = [];

  async function create(environment: Record<string, string> = {}): Promise<{ task: Task; givenUp: Promise<Error> }> {
    const { promise: givenUp, resolve } = Promise.withResolvers<Error>();
    const task = new Task(
      {
        name: 'Sandbox',
        image: await readImage({ directory: source, dockerFile: 'Dockerfile' }),
        environment,
        onLog: () => {},
        onEvent: (sentence) => events.push(sentence),
        onGivenUp: resolve,
        restarts: { limit: 2, firstMilliseconds: 10 },
      },
      await freePort(),
    );
    tasks.push(task);
    return { task, givenUp };
  }

  afterEach(async () => {
    await Promise.all(tasks.splice(0).map((task) => task.stop()));
    events.length = 0;
  });

  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const crash = (task: Task) => fetch(`${task.url}/crash`).catch(() => undefined);
  const environmentOf = async (task: Task): Promise<Record<string, string> | undefined> => {
    try {
      return (await (await fetch(task.url)).json()) as Record<string, string>;
    } catch {
      return undefined;
    }
  };

  it('has the environment of its image and its container, a port of its own, and nothing else', async () => {
    const { task } = await create({ PORT: '8080', COLOUR: 'red' });
    await task.start();

    const { NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, ...environment } = (await environmentOf(task)) ?? {};
    expect(environment).toEqual({
      COLOUR: 'red',
      SIZE: 'large one',
      HOST: '127.0.0.1',
      PORT: new URL(task.url).port,
      pid: task.pid,
    });
  });

  it('is gone when it is stopped', async () => {
    const { task } = await create();
    await task.start();
    const pid = task.pid ?? 0;
    expect(isRunning(pid)).toBe(true);

    await task.stop();

    expect(isRunning(pid)).toBe(false);
    expect(events).toEqual([]);
  });

  it('is started again on the same port when it crashes, and says so', async () => {
    const { task } = await create();
    await task.start();
    const first = task.pid;
    await crash(task);

    await expect.poll(async () => (await environmentOf(task))?.['pid'], { interval: 10, timeout: 5000 }).toBeTruthy();
    expect(task.pid).not.toBe(first);
    expect(events).toEqual(['The task Sandbox crashed (exit code 7) and is started again in 0.01 s.']);
  });

  it('stays down after crashing a few times in a row', async () => {
    const { task, givenUp } = await create();
    await task.start();
    for (let crashes = 0; crashes < 3; crashes += 1) {
      await expect.poll(async () => (await environmentOf(task))?.['pid'], { interval: 10, timeout: 5000 }).toBeTruthy();
      await crash(task);
    }
    expect((await givenUp).message).toBe('The task Sandbox crashed 3 times in a row, the last time with exit code 7.');
  });

  it('is refused, with its end, when it crashes while it starts', async () => {
    const { task } = await create({ CRASH: 'yes' });
    await expect(task.start()).rejects.toThrow('The task Sandbox ended while it started: exit code 1.');
  });
});
