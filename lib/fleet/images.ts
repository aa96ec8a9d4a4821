import { Repository } from 'aws-cdk-lib/aws-ecr';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DevicesConfig, FleetConfig } from './config.ts';
import { type Architecture, buildSimulatorImage } from './simulator-image.ts';

/** What the containers of a device are started from. */
export interface DeviceImages {
  readonly web: string;
  readonly coreapp: string;
  /** Whether they are the device simulator, which plays every role. */
  readonly simulated: boolean;
  readonly cpuArchitecture: Architecture;
  /** Lets a task's execution role pull them, where they are in ECR; other registries are read without credentials. */
  allowPull(role: IGrantable): void;
}

/** An image in ECR: `111122223333.dkr.ecr.eu-central-1.amazonaws.com/whatsapp/web:v2.53.2`. */
const ECR = /^(?<account>\d{12})\.dkr\.ecr\.(?<region>[\w-]+)\.amazonaws\.com(?:\.cn)?\/(?<name>[^:@]+)/;

/** Finds the images that the configuration asks for: WhatsApp's, a simulator's, or the simulator built from this repository. */
export function deviceImages(scope: Construct, fleet: FleetConfig, devices: DevicesConfig): DeviceImages {
  if (devices.images) {
    const { web, coreapp } = devices.images;
    const images = [web, coreapp].map((name) => tagged(name, devices.version));
    return named(scope, images, { simulated: false, cpuArchitecture: devices.cpuArchitecture ?? 'X86_64' });
  }
  const cpuArchitecture = devices.cpuArchitecture ?? 'ARM64';
  if (fleet.image) return named(scope, [fleet.image, fleet.image], { simulated: true, cpuArchitecture });
  const built = buildSimulatorImage(scope, 'Image', cpuArchitecture);
  return {
    web: built.imageUri,
    coreapp: built.imageUri,
    simulated: true,
    cpuArchitecture,
    allowPull: (role) => built.repository.grantPull(role),
  };
}

function named(
  scope: Construct,
  [web = '', coreapp = '']: readonly string[],
  about: Pick<DeviceImages, 'simulated' | 'cpuArchitecture'>,
): DeviceImages {
  return {
    web,
    coreapp,
    ...about,
    allowPull: (role) => {
      const arns = new Set([web, coreapp].flatMap((image) => repositoryArn(image) ?? []));
      for (const [index, arn] of [...arns].entries()) {
        Repository.fromRepositoryArn(scope, `Repository${index}`, arn).grantPull(role);
      }
    },
  };
}

/** An image without a tag gets the version as its tag: `v2.53.2`. */
function tagged(image: string, version: string | undefined): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return /[:@]/.test(last) || version === undefined ? image : `${image}:v${version}`;
}

function repositoryArn(image: string): string | undefined {
  const { account, region, name } = ECR.exec(image)?.groups ?? {};
  const partition = region?.startsWith('cn-') ? 'aws-cn' : 'aws';
  return name && `arn:${partition}:ecr:${region}:${account}:repository/${name}`;
}
