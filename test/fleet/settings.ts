import type { FleetSettings } from '../../lambdas/domain/fleet-settings.ts';

/** A fleet's settings with simulated images, all made up. */
export const settings: FleetSettings = {
  gateway: '0123456789abcdef0123456789abcdef',
  region: 'us-east-1',
  cluster: 'arn:aws:ecs:us-east-1:000000000000:cluster/devices',
  subnets: ['subnet-1', 'subnet-2'],
  securityGroups: ['sg-1'],
  executionRoleArn: 'arn:aws:iam::000000000000:role/execution',
  taskRoleArns: { device: 'arn:aws:iam::000000000000:role/device' },
  namespaceId: 'ns-1',
  namespace: 'switchboard.internal',
  logGroup: '/switchboard/devices',
  databaseClusterArn: 'arn:aws:rds:us-east-1:000000000000:cluster:devices',
  databaseSecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:database-abcdef',
  databaseHost: 'devices.cluster.example',
  databasePort: 3306,
  fileSystemId: 'fs-1',
  images: { web: 'simulator:1', coreapp: 'simulator:1' },
  simulated: true,
  version: 'v2.53.2',
  cpuArchitecture: 'ARM64',
  scheme: 'http',
  webPort: 8080,
};

/** The same with WhatsApp's own images. */
export const realSettings: FleetSettings = {
  ...settings,
  images: { web: 'registry.example/web:v2.53.2', coreapp: 'registry.example/coreapp:v2.53.2' },
  simulated: false,
  cpuArchitecture: 'X86_64',
  scheme: 'https',
  webPort: 443,
};
