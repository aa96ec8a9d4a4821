import { stat } from 'node:fs/promises';
import {
  AccessPointAlreadyExists,
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  DeleteAccessPointCommand,
  DescribeAccessPointsCommand,
  EFSClient,
} from '@aws-sdk/client-efs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSystems } from '../../../local/efs/file-systems.ts';
import { serveEfs } from '../../../local/efs/server.ts';
import type { RunningServer } from '../../../local/protocol/json.ts';

describe('The local EFS', () => {
  let fileSystems: FileSystems;
  let server: RunningServer;
  let client: EFSClient;
  let FileSystemId: string;

  beforeEach(async () => {
    fileSystems = await FileSystems.create();
    ({ id: FileSystemId } = await fileSystems.createFileSystem());
    server = await serveEfs(fileSystems);
    client = new EFSClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
  });

  afterEach(async () => {
    client.destroy();
    await server.stop();
    await fileSystems.stop();
  });

  const create = (ClientToken: string, Path = '/one') =>
    client.send(
      new CreateAccessPointCommand({
        ClientToken,
        FileSystemId,
        PosixUser: { Uid: 1000, Gid: 1000 },
        RootDirectory: { Path, CreationInfo: { OwnerUid: 1000, OwnerGid: 1000, Permissions: '0755' } },
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
    );

  it('makes access points, lists them page by page, and deletes them but not their files', async () => {
    const one = await create('one');
    await create('two');
    const first = await client.send(new DescribeAccessPointsCommand({ FileSystemId, MaxResults: 1 }));
    const second = await client.send(new DescribeAccessPointsCommand({ FileSystemId, NextToken: first.NextToken }));
    expect(first.AccessPoints).toMatchObject([
      {
        ClientToken: 'one',
        RootDirectory: { Path: '/one' },
        LifeCycleState: 'available',
        Tags: [{ Key: 'a', Value: 'b' }],
      },
    ]);
    expect(second.AccessPoints?.map(({ ClientToken }) => ClientToken)).toEqual(['two']);

    const directory = await fileSystems.mount(FileSystemId, '/', one.AccessPointId);
    await client.send(new DeleteAccessPointCommand({ AccessPointId: one.AccessPointId }));
    expect((await stat(directory)).isDirectory()).toBe(true);
    const again = await create('one');
    expect(await fileSystems.mount(FileSystemId, '/', again.AccessPointId)).toBe(directory);
    await expect(
      client.send(new DescribeAccessPointsCommand({ AccessPointId: one.AccessPointId })),
    ).rejects.toMatchObject({ name: 'AccessPointNotFound' });
  });

  it('says which access point a token has made', async () => {
    const { AccessPointId } = await create('one');
    const error = await create('one').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AccessPointAlreadyExists);
    expect(error).toMatchObject({ AccessPointId });
  });

  it.each([
    [
      'a file system that is not there',
      () => new CreateAccessPointCommand({ ClientToken: 'x', FileSystemId: 'fs-0' }),
      'FileSystemNotFound',
    ],
    [
      'deleting what is not there',
      () => new DeleteAccessPointCommand({ AccessPointId: 'fsap-0' }),
      'AccessPointNotFound',
    ],
    [
      'what this product does not use',
      () => new CreateFileSystemCommand({ CreationToken: 'x' }),
      'UnknownOperationException',
    ],
  ])('refuses %s', async (_name, command, name) => {
    await expect(client.send(command() as DeleteAccessPointCommand)).rejects.toMatchObject({ name });
  });

  it('leaves nothing behind', async () => {
    await fileSystems.stop();
    await expect(stat(fileSystems.directory)).rejects.toThrow('ENOENT');
  });
});
