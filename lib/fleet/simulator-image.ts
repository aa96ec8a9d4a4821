import { fileURLToPath } from 'node:url';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';
import type { FleetConfig } from './config.ts';

const SIMULATOR = fileURLToPath(new URL('../../simulators/whatsapp', import.meta.url));

/** Where the simulator answers, in each of its roles. */
export const SIMULATOR_PORT = 8080;

/** What a container's processor can be; a Fargate task names it, and so does an image. */
export type Architecture = NonNullable<NonNullable<FleetConfig['devices']>['cpuArchitecture']>;

const PLATFORMS: Record<Architecture, Platform> = { ARM64: Platform.LINUX_ARM64, X86_64: Platform.LINUX_AMD64 };

/** The device simulator's image, made at deployment from this repository's own folder. */
export function buildSimulatorImage(scope: Construct, id: string, architecture: Architecture): DockerImageAsset {
  return new DockerImageAsset(scope, id, { directory: SIMULATOR, platform: PLATFORMS[architecture] });
}
