import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/config-error.ts';

describe('the configuration', () => {
  it('needs nothing: every key has a default', () => {
    expect(parseConfig({})).toEqual({
      allowLoopbackUrls: false,
      batchSize: 10,
      deliverConcurrency: 300,
      webhooks: 'http-api',
      logRetentionDays: 30,
      removalPolicy: 'retain',
    });
  });

  it('keeps what it is given', () => {
    const config = {
      rootAccountSid: 'AC0123456789abcdef0123456789abcdef',
      allowLoopbackUrls: true,
      batchSize: 1,
      deliverConcurrency: 650,
      webhooks: 'function-url',
      logRetentionDays: 7,
      removalPolicy: 'destroy',
      alarmEmail: 'alarms@example.com',
      alarmTopicArn: 'arn:aws:sns:eu-central-1:111122223333:alarms',
      fleet: {
        sandbox: { numbers: ['15550001111'] },
        devices: {
          version: '2.53.2',
          images: { web: 'registry.example.com/web', coreapp: 'registry.example.com/coreapp' },
          cpuArchitecture: 'X86_64',
          database: { minCapacity: 0.5, maxCapacity: 64, standby: true },
        },
        image: 'registry.example.com/device:2.53',
        natGateways: 2,
      },
    };
    expect(parseConfig(config)).toEqual(config);
  });

  it('needs no more than an empty object for devices', () => {
    expect(parseConfig({ fleet: { devices: {} } }).fleet).toEqual({
      devices: { database: { minCapacity: 0, maxCapacity: 16, standby: false } },
      natGateways: 1,
    });
  });

  it('takes versions with and without v', () => {
    expect(parseConfig({ fleet: { devices: { version: 'v2.53.2' } } }).fleet?.devices?.version).toBe('2.53.2');
  });

  it('takes phone numbers with and without plus', () => {
    const config = parseConfig({ fleet: { sandbox: { numbers: ['+15550001111', '15550002222'] } } });
    expect(config.fleet?.sandbox?.numbers).toEqual(['15550001111', '15550002222']);
  });
});

const wrong: { title: string; config: unknown; says: string[] }[] = [
  {
    title: 'a slip in a key',
    config: { batchsize: 5 },
    says: ['switchboard.batchsize: is not a key. Did you mean batchSize?', 'The keys here are rootAccountSid, '],
  },
  {
    title: 'a key that resembles nothing',
    config: { verbosity: 5 },
    says: ['switchboard.verbosity: is not a key. The keys here are rootAccountSid, allowLoopbackUrls, batchSize,'],
  },
  {
    title: 'a slip in an inner key',
    config: { fleet: { sandbox: { number: ['+15550001111'] } } },
    says: [
      'switchboard.fleet.sandbox.number: is not a key. Did you mean numbers? The keys here are numbers.',
      'switchboard.fleet.sandbox.numbers: ',
    ],
  },
  { title: 'a batch too large for SQS', config: { batchSize: 11 }, says: ['switchboard.batchSize: ', 'got 11.'] },
  {
    title: 'one delivery at a time, which SQS cannot do',
    config: { deliverConcurrency: 1 },
    says: ['switchboard.deliverConcurrency: ', 'got 1.'],
  },
  { title: 'a batch in words', config: { batchSize: 'ten' }, says: ['switchboard.batchSize: ', 'got "ten".'] },
  {
    title: 'a retention that CloudWatch lacks',
    config: { logRetentionDays: 10 },
    says: ['switchboard.logRetentionDays: must be one of 1, 3, 5, 7, 14, 30,', 'got 10.'],
  },
  {
    title: 'an unknown removal policy',
    config: { removalPolicy: 'keep' },
    says: ['switchboard.removalPolicy: must be one of retain, destroy, got "keep".'],
  },
  {
    title: 'a SID that is none',
    config: { rootAccountSid: 'AC123' },
    says: ['switchboard.rootAccountSid: must be "AC" and 32 lower-case hex digits, got "AC123".'],
  },
  {
    title: 'a number that is none',
    config: { fleet: { sandbox: { numbers: ['+15550001111', '555-0123'] } } },
    says: ['switchboard.fleet.sandbox.numbers[1]: must be a phone number in E.164 form', 'got "555-0123".'],
  },
  {
    title: 'images without their version',
    config: { fleet: { devices: { images: { web: 'web:1', coreapp: 'coreapp:1' } } } },
    says: ['switchboard.fleet.devices.version: must be given with images, such as "2.53.2", got nothing.'],
  },
  {
    title: 'one image of two',
    config: { fleet: { devices: { version: '2.53.2', images: { web: 'web:1' } } } },
    says: ['switchboard.fleet.devices.images.coreapp: ', 'got nothing.'],
  },
  {
    title: 'a version that is none',
    config: { fleet: { devices: { version: 'latest' } } },
    says: ['switchboard.fleet.devices.version: must be a version of the containers, such as "2.53.2", got "latest".'],
  },
  {
    title: 'another processor',
    config: { fleet: { devices: { cpuArchitecture: 'arm' } } },
    says: ['switchboard.fleet.devices.cpuArchitecture: must be one of ARM64, X86_64, got "arm".'],
  },
  {
    title: 'a database that would be larger than it may be',
    config: { fleet: { devices: { database: { minCapacity: 20 } } } },
    says: ['switchboard.fleet.devices.database.minCapacity: must not be above maxCapacity, got 20.'],
  },
  {
    title: 'a capacity that Aurora lacks',
    config: { fleet: { devices: { database: { minCapacity: 0.3 } } } },
    says: ['switchboard.fleet.devices.database.minCapacity: must be in steps of 0.5, got 0.3.'],
  },
  {
    title: 'a slip in a key of something with defaults',
    config: { fleet: { devices: { database: { maxCapcity: 8 } } } },
    says: ['Did you mean maxCapacity? The keys here are minCapacity, maxCapacity, standby.'],
  },
  { title: 'no way out', config: { fleet: { natGateways: 0 } }, says: ['switchboard.fleet.natGateways: ', 'got 0.'] },
  { title: 'an address that is none', config: { alarmEmail: 'me' }, says: ['switchboard.alarmEmail: ', 'got "me".'] },
  { title: 'a topic that is none', config: { alarmTopicArn: 'alarms' }, says: ['must be the ARN of an SNS topic'] },
  { title: 'something else than an object', config: [1], says: ['switchboard: ', 'got [1].'] },
  {
    title: 'two mistakes at once',
    config: { batchSize: 0, allowLoopbackUrls: 'yes' },
    says: ['switchboard.batchSize: ', 'switchboard.allowLoopbackUrls: ', 'got "yes".'],
  },
];

describe('a wrong configuration', () => {
  it.each(wrong)('is refused with a sentence that says what would be right: $title', ({ config, says }) => {
    const refusal = (() => {
      try {
        parseConfig(config);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigError);
    for (const part of says) expect(String(refusal)).toContain(part);
  });
});
