import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { EventTooLargeError, LambdaFunction } from '../../../local/lambda/function.ts';
import type { FunctionConfiguration } from '../../../local/lambda/protocol.ts';

const directory = fileURLToPath(new URL('../fixtures/assembly/asset.function', import.meta.url));

describe('A local function', () => {
  const functions: LambdaFunction[] = [];
  const logged: string[] = [];
  const rested = { from: expect.any(Number), to: expect.any(Number) };
  let onLog: (line: string) => void = () => {};

  function create(changes: Partial<FunctionConfiguration> = {}, maximumConcurrency = 2): LambdaFunction {
    const configuration = {
      name: 'Test-Function',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Test-Function',
      directory,
      handler: 'index.handler',
      environment: { ONLY: 'this' },
      timeoutSeconds: 5,
      memoryMegabytes: 128,
      ...changes,
    };
    const created = new LambdaFunction(configuration, maximumConcurrency, (line) => {
      logged.push(line);
      onLog(line);
    });
    functions.push(created);
    return created;
  }

  afterEach(async () => {
    await Promise.all(functions.splice(0).map((created) => created.stop()));
    logged.length = 0;
  });

  it('has an environment of its own and nothing of this process', async () => {
    expect(await create().invoke({ action: 'environment' })).toEqual({ ONLY: 'this' });
  });

  it("gives its handler a context in Lambda's shape", async () => {
    const context = await create().invoke({ action: 'context' });
    expect(context).toMatchObject({
      name: 'Test-Function',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Test-Function',
    });
    expect((context as { left: number }).left).toBeGreaterThan(4000);
    expect((context as { left: number }).left).toBeLessThanOrEqual(5000);
  });

  it('fails when its handler throws, keeps its environment, and logs why', async () => {
    const created = create({}, 1);
    const before = created.invoke({ action: 'throw' });
    await expect(before).rejects.toMatchObject({ errorType: 'TypeError', message: 'asked to throw' });
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'ERROR', errorType: 'TypeError', errorMessage: 'asked to throw' },
    ]);
    expect(await created.invoke({ action: 'nothing' })).toBeNull();
  });

  it('is stopped at its timeout and works again afterwards', async () => {
    const created = create({ timeoutSeconds: 1 }, 1);
    await expect(created.invoke({ action: 'hang' })).rejects.toThrow('Task timed out after 1.00 seconds');
    expect(await created.invoke({ action: 'nap' })).toEqual(rested);
  });

  it('fails the event in hand when it is killed, and handles the next one', async () => {
    const created = create({}, 1);
    await created.warm();
    const started = new Promise((resolve) => {
      onLog = resolve;
    });
    const hanging = created.invoke({ action: 'hang' });
    const next = created.invoke({ action: 'nap' });
    expect(await started).toBe('hanging');
    created.kill();

    await expect(hanging).rejects.toMatchObject({ errorType: 'Runtime.Killed' });
    expect(await next).toEqual(rested);
  });

  it('fails the event in hand when its process exits', async () => {
    const created = create({}, 1);
    await expect(created.invoke({ action: 'exit' })).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(await created.invoke({ action: 'nap' })).toEqual(rested);
  });

  it('handles as many events at once as it may and lets the others wait', async () => {
    const created = create({}, 2);
    let hanging = 0;
    onLog = (line) => {
      if (line === 'hanging') hanging += 1;
    };
    const events = [1, 2, 3].map(() => created.invoke({ action: 'hang' }));
    const outcomes = Promise.allSettled(events);
    await expect.poll(() => hanging, { interval: 10, timeout: 10_000 }).toBe(2);
    created.kill();
    await expect.poll(() => hanging, { interval: 10, timeout: 10_000 }).toBe(3);
    created.kill();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it.each([
    ['a missing file', { handler: 'nowhere.handler' }, "Cannot find module 'nowhere'"],
    ['a missing export', { handler: 'index.nothing' }, 'index.nothing is undefined or not exported'],
  ])('says that its code cannot be loaded: %s', async (_name, changes, message) => {
    const created = create(changes);
    await expect(created.warm()).rejects.toThrow(message);
    await expect(created.invoke({})).rejects.toThrow(message);
  });

  it('refuses an event that Lambda would not take', async () => {
    await expect(create().invoke({ text: 'x'.repeat(6 * 1024 * 1024) })).rejects.toThrow(EventTooLargeError);
  });
});
