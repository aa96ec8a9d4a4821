import { describe, expect, it } from 'vitest';
import {
  checkUrl,
  hasPublicCertificate,
  isForbiddenAddress,
  MAX_URL_LENGTH,
  type UrlProblem,
} from '../../lambdas/domain/url-policy.ts';

const PUBLIC = { allowLoopback: false };
const LOCAL = { allowLoopback: true };
const DEVICE = { allowLoopback: false, allowPrivate: true };

describe('checkUrl', () => {
  it.each([
    'http://example.com',
    'https://example.com/status?tenant=7&x=a%20b',
    'https://example.com:8443/a#rc=3&rp=all',
    'https://user:pass@example.com/hook',
    'HTTPS://Example.COM./',
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/',
    'https://bücher.example/',
    `https://example.com/${'a'.repeat(MAX_URL_LENGTH - 20)}`,
  ])('accepts %s', (url) => {
    expect(checkUrl(url, PUBLIC)).toBeUndefined();
  });

  it.each<[string, UrlProblem['kind']]>([
    ['', 'scheme'],
    ['example.com/hook', 'scheme'],
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['http:example.com', 'syntax'],
    ['http://', 'syntax'],
    ['http:///example.com', 'syntax'],
    ['http:\\\\example.com', 'syntax'],
    ['http://exa mple.com', 'syntax'],
    [' http://example.com', 'syntax'],
    ['http://example.com/\nx', 'syntax'],
    ['http://999.1.1.1/', 'syntax'],
    ['http://[::1', 'syntax'],
    ['http://example.com:99999/', 'syntax'],
    ['http://my_host.example.com/', 'host'],
    ['http://intranet/', 'host'],
    ['http://a..example.com/', 'host'],
    ['http://-a.example.com/', 'host'],
    [`http://${'a'.repeat(64)}.example.com/`, 'host'],
    [`https://example.com/${'a'.repeat(MAX_URL_LENGTH)}`, 'too-long'],
    ['http://localhost/', 'address'],
    ['http://LOCALHOST.:3000/', 'address'],
    ['http://app.localhost/', 'address'],
    ['http://127.0.0.1/', 'address'],
    ['http://127.1/', 'address'],
    ['http://2130706433/', 'address'],
    ['http://0x7f000001/', 'address'],
    ['http://0177.0.0.1/', 'address'],
    ['http://１２７.0.0.1/', 'address'],
    ['http://user@127.0.0.1/', 'address'],
    ['http://0/', 'address'],
    ['http://10.0.0.1/', 'address'],
    ['http://172.31.255.255/', 'address'],
    ['http://192.168.1.1/', 'address'],
    ['http://100.64.0.1/', 'address'],
    ['http://169.254.169.254/latest/meta-data', 'address'],
    ['http://224.0.0.1/', 'address'],
    ['http://255.255.255.255/', 'address'],
    ['http://[::1]/', 'address'],
    ['http://[::]/', 'address'],
    ['http://[::ffff:127.0.0.1]/', 'address'],
    ['http://[::ffff:a00:1]/', 'address'],
    ['http://[::127.0.0.1]/', 'address'],
    ['http://[fe80::1]/', 'address'],
    ['http://[fd00:ec2::254]/', 'address'],
    ['http://[64:ff9b::7f00:1]/', 'address'],
    ['http://[2002:7f00:1::]/', 'address'],
  ])('refuses %s because of its %s', (url, kind) => {
    expect(checkUrl(url, PUBLIC)?.kind).toBe(kind);
  });

  it.each(['http://localhost:3000/', 'http://127.0.0.1:9100/x', 'http://[::1]:3000/', 'http://[::ffff:127.0.0.1]/'])(
    'accepts %s when loopback is allowed',
    (url) => {
      expect(checkUrl(url, LOCAL)).toBeUndefined();
    },
  );

  it.each(['http://10.0.0.1/', 'http://0.0.0.0/', 'http://169.254.169.254/', 'http://[fd00::1]/'])(
    'still refuses %s when only loopback is allowed',
    (url) => {
      expect(checkUrl(url, LOCAL)?.kind).toBe('address');
    },
  );

  it.each([
    'http://10.0.0.1:9090',
    'https://100.64.0.7',
    'http://[fd00::1]/',
    'https://coreapp',
    'https://wa.internal',
  ])('accepts %s for a device, which lives in a private network', (url) => {
    expect(checkUrl(url, DEVICE)).toBeUndefined();
  });

  it.each([
    'http://169.254.169.254/',
    'http://[fe80::1]/',
    'http://127.0.0.1:9001/',
    'http://localhost/',
    'ftp://10.0.0.1',
  ])('refuses %s even for a device', (url) => {
    expect(checkUrl(url, DEVICE)).toBeDefined();
  });
});

describe('isForbiddenAddress', () => {
  it.each(['8.8.8.8', '2001:4860:4860::8888', '::ffff:8.8.8.8'])('lets %s through', (ip) => {
    expect(isForbiddenAddress(ip, PUBLIC)).toBe(false);
  });

  it.each(['192.0.2.1', '198.18.0.1', '203.0.113.9', '2001:db8::1', 'ff02::1', 'fec0::1', '', 'example.com', '[::1]'])(
    'forbids %s, which is not a public address',
    (ip) => {
      expect(isForbiddenAddress(ip, PUBLIC)).toBe(true);
    },
  );
});

describe('a certificate', () => {
  it.each([
    ['device.example.com', DEVICE, true],
    ['web-xe1.switchboard.internal', DEVICE, false],
    ['web-xe1.switchboard.internal', PUBLIC, true],
    ['switchboard.internal.example.com', DEVICE, true],
    ['10.0.0.7', DEVICE, true],
  ])('of %s is checked against the public authorities: %o %s', (host, policy, expected) => {
    expect(hasPublicCertificate(host, policy)).toBe(expected);
  });
});
