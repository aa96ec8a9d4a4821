import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNT_ID, REGION } from '../aws.ts';
import { ServiceError } from '../protocol/service-error.ts';

const PREFIX = `arn:aws:elasticfilesystem:${REGION}:${ACCOUNT_ID}`;

export interface AccessPoint {
  id: string;
  arn: string;
  clientToken: string;
  fileSystemId: string;
  /** In the file system. */
  path: string;
  tags: { Key: string; Value: string }[];
}

/** EFS: file systems as directories of this machine, and access points as directories in them. */
export class FileSystems {
  /** Holds a directory for each file system; removed when the stack stops. */
  readonly directory: string;
  readonly #fileSystems = new Set<string>();
  readonly #accessPoints = new Map<string, AccessPoint>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<FileSystems> {
    return new FileSystems(await mkdtemp(join(tmpdir(), 'switchboard-efs-')));
  }

  async createFileSystem(): Promise<{ id: string; arn: string }> {
    const id = `fs-${randomBytes(8).toString('hex')}`;
    this.#fileSystems.add(id);
    await mkdir(join(this.directory, id));
    return { id, arn: `${PREFIX}:file-system/${id}` };
  }

  /** @throws ServiceError FileSystemNotFound, or AccessPointAlreadyExists when the token was used */
  createAccessPoint({ clientToken, fileSystemId, path, tags }: Omit<AccessPoint, 'id' | 'arn'>): AccessPoint {
    if (!this.#fileSystems.has(fileSystemId)) {
      throw new ServiceError('FileSystemNotFound', `File system '${fileSystemId}' does not exist.`, {}, 404);
    }
    const known = this.accessPoints().find((accessPoint) => accessPoint.clientToken === clientToken);
    if (known) {
      throw new ServiceError(
        'AccessPointAlreadyExists',
        `Access point already exists with id ${known.id}`,
        { ErrorCode: 'AccessPointAlreadyExists', AccessPointId: known.id },
        409,
      );
    }
    const id = `fsap-${randomBytes(8).toString('hex')}`;
    const accessPoint = { id, arn: `${PREFIX}:access-point/${id}`, clientToken, fileSystemId, path, tags };
    this.#accessPoints.set(id, accessPoint);
    return accessPoint;
  }

  accessPoints(): AccessPoint[] {
    return [...this.#accessPoints.values()];
  }

  /** @throws ServiceError AccessPointNotFound */
  accessPoint(id: string): AccessPoint {
    const accessPoint = this.#accessPoints.get(id);
    if (accessPoint) return accessPoint;
    throw new ServiceError('AccessPointNotFound', `Access point '${id}' does not exist.`, {}, 404);
  }

  /** The files stay, as they do on EFS. @throws ServiceError AccessPointNotFound */
  deleteAccessPoint(id: string): void {
    this.accessPoint(id);
    this.#accessPoints.delete(id);
  }

  /**
   * The directory that a task mounts, made if it is not there.
   * @throws ServiceError when the file system or the access point is not there
   */
  async mount(fileSystemId: string, path: string, accessPointId: string | undefined): Promise<string> {
    const accessPoint = accessPointId === undefined ? undefined : this.accessPoint(accessPointId);
    const owner = accessPoint?.fileSystemId ?? fileSystemId;
    if (!this.#fileSystems.has(fileSystemId) || owner !== fileSystemId) {
      throw new ServiceError('FileSystemNotFound', `There is no ${fileSystemId} to mount.`, {}, 404);
    }
    const directory = join(this.directory, fileSystemId, accessPoint?.path ?? path);
    await mkdir(directory, { recursive: true });
    return directory;
  }

  async stop(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
