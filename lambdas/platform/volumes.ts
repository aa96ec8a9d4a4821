import {
  AccessPointAlreadyExists,
  type AccessPointDescription,
  AccessPointNotFound,
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DescribeAccessPointsCommand,
  EFSClient,
} from '@aws-sdk/client-efs';
import { deviceName, deviceTags, mediaDirectory, type Tags } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';

const efs = new EFSClient({ maxAttempts: 6 });

/** Whom the file system takes everybody for who comes through an access point, whatever user a container runs as. */
const OWNER = { Uid: 1000, Gid: 1000 };

/** A device's place on the file system. */
export interface Volume {
  /** The access point's id. */
  id: string;
  tags: Tags;
}

/** Access points of the fleet's file system: each opens the directory of one number's media and nothing beside it. */
export class Volumes {
  readonly #settings: FleetSettings;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  /** Makes a device's access point, or finds it; its directory is made with it. @returns its id */
  async ensure(senderSid: string): Promise<string> {
    try {
      const { AccessPointId } = await efs.send(
        new CreateAccessPointCommand({
          ClientToken: deviceName(this.#settings, senderSid),
          FileSystemId: this.#settings.fileSystemId,
          PosixUser: OWNER,
          RootDirectory: {
            Path: mediaDirectory(senderSid),
            CreationInfo: { OwnerUid: OWNER.Uid, OwnerGid: OWNER.Gid, Permissions: '0755' },
          },
          Tags: Object.entries(deviceTags(this.#settings, senderSid)).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
      if (!AccessPointId) throw new Error(`EFS gave the access point of ${senderSid} no id.`);
      return AccessPointId;
    } catch (error) {
      if (error instanceof AccessPointAlreadyExists && error.AccessPointId) return error.AccessPointId;
      throw error;
    }
  }

  /** A device's access point, by looking through all of them; undefined when there is none. */
  async find(senderSid: string): Promise<Volume | undefined> {
    const token = deviceName(this.#settings, senderSid);
    for await (const point of this.#all()) if (point.ClientToken === token) return volumeOf(point);
    return undefined;
  }

  async list(): Promise<Volume[]> {
    const volumes: Volume[] = [];
    for await (const point of this.#all()) volumes.push(volumeOf(point));
    return volumes;
  }

  /** Removes an access point, not the files behind it; one that is gone already is no error. */
  async remove(id: string): Promise<void> {
    try {
      await efs.send(new DeleteAccessPointCommand({ AccessPointId: id }));
    } catch (error) {
      if (!(error instanceof AccessPointNotFound) && !(await this.#isGone(id, error))) throw error;
    }
  }

  /** The gateway may remove what has its tag; of what is not there any more, AWS says that it may not. */
  async #isGone(id: string, error: unknown): Promise<boolean> {
    if (!(error instanceof Error && error.name.startsWith('AccessDenied'))) return false;
    return (await this.list()).every((volume) => volume.id !== id);
  }

  async *#all(): AsyncGenerator<AccessPointDescription> {
    let NextToken: string | undefined;
    do {
      const page = await efs.send(
        new DescribeAccessPointsCommand({
          FileSystemId: this.#settings.fileSystemId,
          MaxResults: 100,
          ...(NextToken && { NextToken }),
        }),
      );
      yield* (page.AccessPoints ?? []).filter(({ LifeCycleState }) => LifeCycleState !== 'deleting');
      NextToken = page.NextToken;
    } while (NextToken);
  }
}

const volumeOf = ({ AccessPointId = '', Tags: tags = [] }: AccessPointDescription): Volume => ({
  id: AccessPointId,
  tags: Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
});
