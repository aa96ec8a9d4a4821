import type { FileSystems } from '../efs/file-systems.ts';
import type { SecretStore } from '../secrets/store.ts';
import type { Assembly } from '../template/assembly.ts';
import type { Container, TaskDefinition } from './definitions.ts';
import { readImage } from './image.ts';
import { type Program, programOf } from './program.ts';

export interface Sources {
  images: Assembly['images'];
  secrets: SecretStore;
  fileSystems: FileSystems;
  /** Laid over the environment of every container, for tests and slow machines. */
  environment: Readonly<Record<string, string>>;
}

/**
 * Finds what to run for a task, as Fargate does before it starts a container: the image, the secrets, the volumes.
 * @throws Error when one of them is not there; ECS would stop the task with such a reason
 */
export async function prepareProgram(
  { container, volumes }: TaskDefinition,
  { images, secrets, fileSystems, environment }: Sources,
  override?: readonly string[],
): Promise<Program> {
  const asset = images.get(container.image.split(':').at(-1) ?? '');
  if (!asset) throw new Error(`${container.image} is not built from this repository, and there is no Docker here`);
  const mounts = new Map<string, string>();
  for (const { sourceVolume, containerPath } of container.mountPoints) {
    const volume = volumes.find(({ name }) => name === sourceVolume)?.efsVolumeConfiguration;
    if (!volume) throw new Error(`The volume ${sourceVolume} is of a kind that the local ECS does not mount`);
    const { fileSystemId, rootDirectory, authorizationConfig } = volume;
    mounts.set(
      containerPath.replace(/\/$/, ''),
      await fileSystems.mount(fileSystemId, rootDirectory, authorizationConfig.accessPointId),
    );
  }
  const image = await readImage(asset);
  const program = programOf(container, { image, secrets: readSecrets(container, secrets), mounts }, override);
  return { ...program, environment: { ...program.environment, ...environment } };
}

function readSecrets(container: Container, store: SecretStore): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, valueFrom } of container.secrets) {
    // An ARN has seven parts; then the key in a JSON secret, and the stage or id of a version.
    const parts = valueFrom.split(':');
    const [key, stage, versionId] = parts.slice(7);
    const { version } = store.read(parts.slice(0, 7).join(':'), {
      stage: stage || undefined,
      versionId: versionId || undefined,
    });
    values[name] = key ? keyOf(version.secretString, key) : (version.secretString ?? '');
  }
  return values;
}

function keyOf(secret: string | undefined, key: string): string {
  const value: unknown = JSON.parse(secret ?? '{}')[key];
  if (typeof value === 'string') return value;
  throw new Error(`ResourceInitializationError: the secret has no text under the JSON key ${key}`);
}
