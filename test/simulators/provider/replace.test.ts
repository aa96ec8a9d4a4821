import { describe, expect, it } from 'vitest';
import { idLike } from '../../../simulators/provider/channel/identifiers.ts';
import { replaceIn } from '../../../simulators/provider/channel/replace.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('An example is told with other values', () => {
  it.each<[what: string, body: string, values: [string, string][], told: string]>([
    [
      'in JSON',
      '{"to":"15550001111","text":"Hi"}',
      [
        ['15550001111', '49301'],
        ['Hi', 'Bye'],
      ],
      '{"to":"49301","text":"Bye"}',
    ],
    ['as part of a text', '{"to":"tel:+15550001111"}', [['15550001111', '49301']], '{"to":"tel:+49301"}'],
    [
      'but a short value only where it is a whole one',
      '{"a":"ok","b":"broken"}',
      [['ok', 'no']],
      '{"a":"no","b":"broken"}',
    ],
    [
      'where a number was, however long',
      '{"id":4912661846655238145}',
      [['4912661846655238145', '5912661846655238146']],
      '{"id":5912661846655238146}',
    ],
    [
      'with numbers beyond 2^53 that stay as they are',
      '{"id":4912661846655238145,"t":"Hello"}',
      [['Hello', 'Bye']],
      '{"id":4912661846655238145,"t":"Bye"}',
    ],
    [
      'in JSON inside a text',
      '{"Message":"{\\"body\\":\\"Hello\\"}"}',
      [['Hello', 'B"e']],
      '{"Message":"{\\"body\\":\\"B\\\\\\"e\\"}"}',
    ],
    [
      'in base64',
      `{"data":"${base64('{"text":"Hello"}')}"}`,
      [['Hello', 'Bye']],
      `{"data":"${base64('{"text":"Bye"}')}"}`,
    ],
    ['in XML', '<xml><From>U-0000001</From></xml>', [['U-0000001', 'a<b']], '<xml><From>a&lt;b</From></xml>'],
    ['in CDATA', '<xml><T><![CDATA[Hi]]></T></xml>', [['Hi', 'a<b&c']], '<xml><T><![CDATA[a<b&c]]></T></xml>'],
    ['in a form', 'to=P1&text=Hello+there', [['Hello there', 'ä b']], 'to=P1&text=%C3%A4%20b'],
    [
      'once, not over and over',
      '{"a":"first-value","b":"second-value"}',
      [
        ['first-value', 'second-value'],
        ['second-value', 'third-value'],
      ],
      '{"a":"second-value","b":"third-value"}',
    ],
  ])('%s', (_what, body, values, told) => {
    expect(replaceIn(body, new Map(values))).toBe(told);
  });
});

describe('A new id', () => {
  it.each([
    ['a UUID', '862a8790-60c0-4430-9b2b-658bde1aaaaa', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    ['a number beyond 2^53', '4912661846655238145', /^4\d{18}$/],
    ['one with a prefix', 'wamid.HBgLMTU1NTUwMTAwOTk5=', /^wamid\.[A-Z][A-Za-z0-9]+=$/],
    ['hex digits', '0f0e0d0c0b0a09080706', /^[0-9a-f]{20}$/],
    ['a short one, made long enough to be the only one', 'mid.1', /^mid\.\d[a-z]{15}$/],
  ])('looks like %s', (_what, sample, pattern) => {
    const [one, other] = [idLike(sample), idLike(sample)];
    expect(one).toMatch(pattern);
    expect(one).not.toBe(other);
  });
});
