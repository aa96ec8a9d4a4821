import { describe, expect, it } from 'vitest';
import { parseCreateSender, type Registering } from '../../lambdas/domain/sender-request.ts';
import { TwilioError } from '../../lambdas/domain/twilio-error.ts';

/** A channel whose senders need these; a name with `?` may be left out. */
function channel(name: string, scheme: string, fields: string[], secrets: string[]): Registering {
  const inputs = (names: string[]) =>
    Object.fromEntries(
      names.map((input) => [input.replace('?', ''), { description: 'x', required: !input.endsWith('?') }]),
    );
  return {
    name,
    address: {
      scheme,
      parse: (text) => (/^\+\d{7,}$/.test(text) ? text.slice(1) : undefined),
      format: (address) => `${scheme}+${address}`,
    },
    registration: { fields: inputs(fields), secrets: inputs(secrets), setsWebhook: true },
  };
}

const channels = [
  channel('dove', 'bird:', ['url', 'user?'], ['password']),
  channel('eagle', 'bird:', ['nest', 'rock'], ['token']),
  channel('smoke', 'smoke:', ['hill'], []),
];
const parse = (configuration: Record<string, string>, sender_id = 'bird:+15550001111') =>
  parseCreateSender({ sender_id, configuration }, channels, { allowLoopback: false });

function mistakes(configuration: Record<string, string>, senderId?: string): string {
  try {
    parse(configuration, senderId);
  } catch (error) {
    if (!(error instanceof TwilioError)) throw error;
    return error.message;
  }
  return '';
}

const ofDove = 'this is what dove needs, which is nearer than eagle';
const ofEagle = 'this is what eagle needs, which is nearer than dove';

describe('a new sender on one of several channels with its scheme', () => {
  it.each([
    ['dove', { url: 'https://a.example', password: 'p' }],
    ['eagle', { nest: 'n', rock: 'r', token: 't' }],
  ])('is of %s, whose configuration it has', (name, configuration) => {
    expect(parse(configuration).channel).toBe(name);
  });

  it.each<[string, Record<string, string>, string | undefined, string[]]>([
    ['one value is missing', { nest: 'n', rock: 'r' }, undefined, ['configuration.token: is missing (x)', ofEagle]],
    [
      'one value too many',
      { url: 'https://a.example', password: 'p', nest: 'n' },
      undefined,
      ['configuration.nest: is not known; there are url, user, password', ofDove],
    ],
    [
      'nothing is given',
      {},
      undefined,
      ['configuration.url: is missing (x)', 'configuration.password: is missing (x)', ofDove],
    ],
    [
      'the address is none',
      { nest: 'n', rock: 'r', token: 't' },
      'bird:+1',
      ['sender_id: is not a valid address', ofEagle],
    ],
  ])('hears of the mistakes on the nearest one only, when %s', (_why, configuration, senderId, expected) => {
    expect(mistakes(configuration, senderId)).toBe(`Validation error: ${expected.join('; ')}`);
  });
});

describe('a new sender on the only channel with its scheme', () => {
  it('hears of its mistakes, and of no other channel', () => {
    expect(mistakes({}, 'smoke:+15550001111')).toBe('Validation error: configuration.hill: is missing (x)');
    expect(mistakes({}, 'pigeon:+15550001111')).toContain('sender_id: must begin with one of bird:, smoke:');
  });
});
