import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databasePrefix, ecsName, mediaDirectory } from '../../lambdas/domain/device-names.ts';
import { type FleetAws, NOTHING, startFleetAws } from './aws.ts';
import { afterEveryEffect, crashing, cutOffsOf, isCutOff, retireDevice, startDevice, step, until } from './steps.ts';

let aws: FleetAws;
beforeAll(async () => {
  aws = await startFleetAws();
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.beforeTask = () => {};
  aws.database.partialRevokes = true;
});

describe('a device is removed', () => {
  it('with its files, its databases and everything that was made for it', async () => {
    const sender = await aws.addSender({ mode: 'high-availability' });
    await startDevice(sender, aws.fleet);
    aws.database.execute(`CREATE DATABASE \`${databasePrefix(sender.sid)}waweb\``);
    aws.database.execute('CREATE DATABASE `somebodyelses`');
    const media = join(aws.fileSystems.directory, aws.settings.fileSystemId, mediaDirectory(sender.sid));
    await writeFile(join(media, 'photo.jpg'), 'a photo');

    await retireDevice(sender, aws.fleet);
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(media)).toEqual([]);
    expect([...aws.database.users.keys()]).not.toContain(databasePrefix(sender.sid));
    expect([...aws.database.databases].filter((name) => name.startsWith('n'))).toEqual([]);
    expect(aws.database.databases).toContain('somebodyelses');
    expect(await aws.fleet.devices.get(sender.sid)).toBeUndefined();
  });

  it('as if it was there, when nothing was ever made', async () => {
    const sender = await aws.addSender();
    await retireDevice(sender, aws.fleet);
    const tasks = aws.ecs.tasks().filter(({ options }) => options.definition.family.includes(sender.sid.toLowerCase()));
    expect(tasks).toEqual([]);
  });

  it('twice', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);
    await retireDevice(sender, aws.fleet);
    await retireDevice(sender, aws.fleet);
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });

  it('whatever call that was cut off after', async () => {
    const tried = await afterEveryEffect(async (count) => {
      const sender = await aws.addSender();
      await startDevice(sender, aws.fleet);
      const isCut = await isCutOff(retireDevice(sender, crashing(aws.fleet, count)));
      await retireDevice(sender, aws.fleet);
      expect(aws.resourcesOf(sender.sid), `cut off after ${count}`).toEqual(NOTHING);
      expect([...aws.database.users.keys()]).not.toContain(databasePrefix(sender.sid));
      return isCut;
    });
    expect(tried).toBeGreaterThanOrEqual(cutOffsOf(13));
  }, 120_000);

  it('and can be made again, with nothing of the first', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);
    await retireDevice(sender, aws.fleet);
    await startDevice(sender, aws.fleet);
    expect(aws.desired(sender)).toEqual({ web: 1, coreapp: 1 });
    await retireDevice(sender, aws.fleet);
    // The second volume was emptied too, though a task had emptied the first one a moment ago.
    const erasures = aws.ecs
      .tasks()
      .filter(({ options }) => options.definition.family === ecsName(aws.settings, sender.sid, 'erase'));
    expect(erasures.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  });

  it('not, when its files cannot be erased in three tries', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);
    aws.beforeTask = ({ family }) => {
      if (family.endsWith('-erase')) throw new Error('CannotPullContainerError');
    };
    await step('StopContainers', sender, aws.fleet);
    await until('stopped', 'CheckStopped', sender, aws.fleet);
    await expect(until('erased', 'EraseMedia', sender, aws.fleet)).rejects.toThrow(
      /could not be erased in 3 tries \(.*CannotPullContainerError/,
    );
    expect(aws.resourcesOf(sender.sid).volumes).toHaveLength(1);
  });
});
