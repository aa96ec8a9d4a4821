import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { planErasure, planTask } from '../../lambdas/domain/device-container.ts';
import { databasePrefix } from '../../lambdas/domain/device-names.ts';
import { fleetSettingsSchema, parseFleetSettings } from '../../lambdas/domain/fleet-settings.ts';
import { type DeviceMode, planDevice } from '../../lambdas/domain/topology.ts';
import { realSettings, settings } from '../fleet/settings.ts';

const senderSid = `XE${'0192f3a4b5c6d7e8f90a1b2c3d4e5f60'}`;

function taskOf(role: 'web' | 'master' | 'coreapp', mode: DeviceMode, of = realSettings) {
  const plan = planDevice({ mode, shards: 2 }, of).find((one) => one.role === role);
  if (!plan) throw new Error(`A ${mode} device has no ${role}.`);
  return planTask(plan, { senderSid, mode }, of);
}

describe('what a container of WhatsApp runs', () => {
  it('is the web or the coreapp image, on its ports', () => {
    expect(taskOf('web', 'single')).toMatchObject({ image: 'registry.example/web:v2.53.2', ports: [443] });
    expect(taskOf('coreapp', 'single')).toMatchObject({
      image: 'registry.example/coreapp:v2.53.2',
      ports: [6250, 6251, 6252, 6253],
    });
    expect(taskOf('master', 'multiconnect').image).toBe('registry.example/coreapp:v2.53.2');
  });

  it('finds the database, under a prefix of its own', () => {
    for (const role of ['web', 'coreapp'] as const) {
      expect(taskOf(role, 'single').environment).toMatchObject({
        WA_DB_ENGINE: 'MYSQL',
        WA_DB_HOSTNAME: 'devices.cluster.example',
        WA_DB_PORT: '3306',
        WA_DB_USERNAME: databasePrefix(senderSid),
        WA_DB_NAME_PREFIX: databasePrefix(senderSid),
        WA_DB_CONNECTION_IDLE_TIMEOUT: '180000',
        WA_CONFIG_ON_DB: '1',
        WA_RUNNING_ENV: 'AWS',
        AWS_REGION: 'us-east-1',
      });
    }
  });

  it('gets its secrets from Secrets Manager, and no more of them than it needs', () => {
    expect(taskOf('web', 'single').secrets).toEqual({
      WA_DB_PASSWORD: 'databasePassword',
      WA_WEB_JWT_CRYPTO_KEY: 'jwtKey',
      WA_API_KEY: 'apiKey',
    });
    expect(taskOf('coreapp', 'single').secrets).toEqual({ WA_DB_PASSWORD: 'databasePassword' });
    expect(Object.keys(taskOf('web', 'single').environment).filter((name) => /PASSWORD|KEY/.test(name))).toEqual([]);
  });

  it('looks for its core by name in a single device, and by the database in the others', () => {
    expect(taskOf('web', 'single').environment).toMatchObject({
      WACORE_HOSTNAME: `coreapp-${senderSid.toLowerCase()}.switchboard.internal`,
    });
    expect(taskOf('web', 'single').environment).not.toHaveProperty('WA_APP_MULTICONNECT');
    for (const role of ['web', 'master', 'coreapp'] as const) {
      for (const mode of ['high-availability', 'multiconnect'] as const) {
        const { environment } = taskOf(role, mode);
        expect(environment).toMatchObject({ WA_APP_MULTICONNECT: '1' });
        expect(environment).not.toHaveProperty('WACORE_HOSTNAME');
      }
    }
    expect(taskOf('master', 'multiconnect').environment).toMatchObject({ WA_MASTER_NODE: '1' });
    expect(taskOf('coreapp', 'multiconnect').environment).not.toHaveProperty('WA_MASTER_NODE');
  });

  it('is started with an explicit command, which publishes its own address where others look for it', () => {
    const launch = ['/opt/whatsapp/bin/wait_on_mysql.sh', '/opt/whatsapp/bin/launch_within_docker.sh'];
    expect(taskOf('web', 'multiconnect').command).toEqual(launch);
    expect(taskOf('coreapp', 'single').command).toEqual(launch);
    for (const role of ['master', 'coreapp'] as const) {
      const [shell, flag, script = ''] = taskOf(role, 'high-availability').command ?? [];
      expect([shell, flag]).toEqual(['/bin/bash', '-c']);
      expect(script).toContain(`exec ${launch.join(' ')}`);
      expect(taskOf(role, 'high-availability').environment).toMatchObject({
        COREAPP_EXTERNAL_PORTS: '6250,6251,6252,6253',
      });
    }
  });

  it.each([
    ['10.0.1.17 ', '10.0.1.17'],
    ['169.254.172.2 10.0.1.17 ', '10.0.1.17'],
    ['10.0.1.17 172.17.0.1 ', '10.0.1.17'],
  ])('of the addresses "%s" publishes %s', (addresses, published) => {
    const script = taskOf('coreapp', 'multiconnect').command?.[2] ?? '';
    const assigned = script.slice(0, script.indexOf(' && exec')).replace('hostname -I', `printf '%s' '${addresses}'`);
    const run = () => execFileSync('/bin/sh', ['-c', `${assigned} && printf '<%s>' "$COREAPP_HOSTNAME"`]);
    expect(String(run())).toBe(`<${published}>`);
  });

  it('is checked at its port, since a process that runs may be of no use', () => {
    expect(taskOf('web', 'single').healthCheck?.command.at(-1)).toContain('/dev/tcp/127.0.0.1/443');
    expect(taskOf('coreapp', 'single').healthCheck?.command.at(-1)).toContain('/dev/tcp/127.0.0.1/6253');
  });
});

describe('what a simulated container runs', () => {
  it('is the same image for every role, told which one it plays, with its own command', () => {
    for (const role of ['web', 'master', 'coreapp'] as const) {
      const task = taskOf(role, 'multiconnect', settings);
      expect(task).toMatchObject({ image: 'simulator:1', ports: [8080] });
      expect(task.command).toBeUndefined();
      expect(task.environment).toMatchObject({
        SIMULATOR_ROLE: role,
        MODE: 'multiconnect',
        PORT: '8080',
        STATE_DIRECTORY: '/usr/local/wamedia/simulator',
        VERSION: 'v2.53.2',
      });
      expect(task.secrets).toHaveProperty('WA_API_KEY');
    }
  });
});

describe('the task that erases media', () => {
  it('needs no secret of the sender, which may be gone, and serves nothing', () => {
    const task = planErasure(senderSid, realSettings);
    expect(task).toMatchObject({
      image: 'registry.example/coreapp:v2.53.2',
      command: ['find', '/usr/local/wamedia', '-mindepth', '1', '-delete'],
      secrets: {},
      environment: {},
      ports: [],
    });
    expect(task.healthCheck).toBeUndefined();
  });
});

describe('the FLEET variable', () => {
  it('is read', () => {
    expect(parseFleetSettings(JSON.stringify({ ...settings, databasePort: '3306' }))).toEqual(settings);
  });

  it('names every field that is missing or wrong', () => {
    const { cluster: _, ...rest } = settings;
    const read = () => parseFleetSettings(JSON.stringify({ ...rest, gateway: 'NOPE', subnets: [] }));
    expect(read).toThrow(/gateway: .*; cluster: .*; subnets: /);
    expect(fleetSettingsSchema.safeParse(rest).success).toBe(false);
  });
});
