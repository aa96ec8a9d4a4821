import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEVICE_ROLES,
  databasePrefix,
  deviceName,
  deviceTags,
  deviceUrl,
  dnsLabel,
  ecsName,
  hostName,
  mediaDirectory,
  parseDnsLabel,
  parseEcsName,
  taggedSender,
} from '../../lambdas/domain/device-names.ts';

const gateway = { gateway: '0123456789abcdef0123456789abcdef' };
const hex = (length: number) =>
  fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length }).map((all) => all.join(''));
const anySid = hex(32).map((digits) => `XE${digits}`);
const anyRole = fc.constantFrom(...DEVICE_ROLES);

describe('the names of what a device is made of', () => {
  it('are names that ECS, Cloud Map, EFS and MySQL take', () => {
    fc.assert(
      fc.property(anySid, anyRole, (sid, role) => {
        expect(ecsName(gateway, sid, role)).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,254}$/);
        expect(dnsLabel(sid, role)).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(deviceName(gateway, sid).length).toBeLessThanOrEqual(64);
        expect(databasePrefix(sid)).toMatch(/^[a-z][a-z0-9]{0,31}$/);
        // A MySQL database name has 64 characters; the device adds a word of its own.
        expect(databasePrefix(sid).length).toBeLessThanOrEqual(40);
        expect(mediaDirectory(sid)).toMatch(/^(\/[A-Za-z0-9._-]+){1,4}$/);
        expect(mediaDirectory(sid).length).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('differ between senders and roles, and none of a database begins with another', () => {
    fc.assert(
      fc.property(anySid, anySid, anyRole, anyRole, (one, other, role, otherRole) => {
        fc.pre(one !== other);
        expect(databasePrefix(one).startsWith(databasePrefix(other))).toBe(false);
        expect(mediaDirectory(one)).not.toBe(mediaDirectory(other));
        expect(ecsName(gateway, one, role)).not.toBe(ecsName(gateway, other, otherRole));
        expect(dnsLabel(one, role)).not.toBe(dnsLabel(other, otherRole));
        if (role !== otherRole) expect(ecsName(gateway, one, role)).not.toBe(ecsName(gateway, one, otherRole));
      }),
    );
  });

  it('are read back', () => {
    fc.assert(
      fc.property(anySid, anyRole, (senderSid, role) => {
        expect(parseEcsName(gateway, ecsName(gateway, senderSid, role))).toEqual({ senderSid, kind: role });
        expect(parseDnsLabel(dnsLabel(senderSid, role))).toEqual({ senderSid, role });
      }),
    );
  });

  it.each([
    ['another gateway', ecsName({ gateway: 'f'.repeat(32) }, `XE${'1'.repeat(32)}`, 'web')],
    ['another role', `${deviceName(gateway, `XE${'1'.repeat(32)}`)}-sidecar`],
    ['no sender', 'sb-0123456789ab-something'],
    ['a longer name', `${ecsName(gateway, `XE${'1'.repeat(32)}`, 'web')}-2`],
  ])('%s is not read as a name of this gateway', (_, name) => {
    expect(parseEcsName(gateway, name)).toBeUndefined();
  });

  it('a name in the network that is no part of a device is not read', () => {
    expect(parseDnsLabel('sandbox')).toBeUndefined();
    expect(parseDnsLabel(`api-xe${'1'.repeat(32)}`)).toBeUndefined();
  });

  it('a device is reached by the name of its web containers', () => {
    const settings = { namespace: 'switchboard.internal', scheme: 'http' as const, webPort: 8080 };
    const sid = `XE${'a'.repeat(32)}`;
    expect(hostName(settings, sid, 'coreapp')).toBe(`coreapp-xe${'a'.repeat(32)}.switchboard.internal`);
    expect(deviceUrl(settings, sid)).toBe(`http://web-xe${'a'.repeat(32)}.switchboard.internal:8080`);
  });
});

describe('tags', () => {
  it('tell whose a resource is', () => {
    const tags = deviceTags(gateway, 'XE1', 'master');
    expect(tags).toEqual({
      'switchboard:gateway': gateway.gateway,
      'switchboard:sender': 'XE1',
      'switchboard:role': 'master',
    });
    expect(taggedSender(gateway, tags)).toBe('XE1');
    expect(taggedSender({ gateway: 'another' }, tags)).toBeUndefined();
    expect(taggedSender(gateway, {})).toBeUndefined();
  });
});
