import { describe, expect, it } from 'vitest';
import { bundledSpecText } from '../../../lambdas/channels/bundled-spec.ts';
import { compileChannel } from '../../../lambdas/channels/compile.ts';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { EvaluationError } from '../../../lambdas/channels/expressions/evaluator.ts';
import { syntaxOf } from '../../../lambdas/channels/expressions/syntax.ts';
import { createTrustedCompiler } from '../../../lambdas/channels/expressions/trusted.ts';
import type { ChannelSpec } from '../../../lambdas/channels/spec.ts';
import { pigeonSpec } from '../fixtures/pigeon.ts';

/** What a hole gives in a deployed function. */
function deployed(hole: string, a: unknown): unknown {
  return createTrustedCompiler(syntaxOf(hole)).template(hole, [], undefined).run({ a });
}

describe('the syntax that is bundled with a spec', () => {
  it('is of the simple expressions in it, each once, and of no other', () => {
    const part = {
      text: 'to {% a.b %} and {% a.b %}',
      list: ['{% a.b = 1 %}', '{% $count(a) %}', 'nothing', 7, null],
      url: '{% a.{ "b": c } %}',
    };
    expect(Object.keys(syntaxOf(part))).toEqual([' a.b ', ' a.b = 1 ']);
  });

  it('is plain data, without the places that only mistakes need', () => {
    expect(syntaxOf('{% $contains(a[0].b, /^x$/m) %}')).toEqual({
      ' $contains(a[0].b, /^x$/m) ': expect.objectContaining({
        arguments: [expect.anything(), { type: 'regex', value: { source: '^x$', flags: 'gm' } }],
      }),
    });
    expect(bundledSpecText(pigeonSpec)).not.toContain('"position"');
  });
});

describe('a hole in a deployed function', () => {
  it.each<[string, unknown, unknown]>([
    ['{% a.b[0] %}', { b: ['x'] }, 'x'],
    ['{%a%}', 7, 7],
    ['{% $contains(a, /^[SM]M\\d$/) %}', 'SM1', true],
    ['{% $contains(a, /^sm/i) %}', 'SM1', true],
    ['{% a = true ? "yes" : "no" %}', false, 'no'],
  ])('%s of %j is %j at once, without JSONata', (hole, a, value) => {
    expect(deployed(hole, a)).toBe(value);
  });

  it.each<[string, unknown, unknown]>([
    ['{% $count(a) %}', [1, 2], 2],
    ['n {% $string(a) %}', 1, 'n 1'],
  ])('%s of %j, which JSONata runs, is %j', async (hole, a, value) => {
    const evaluator = createTrustedCompiler({}).template(hole, [], undefined);
    expect([await evaluator.run({ a }), await evaluator.run({ a })]).toEqual([value, value]);
  });

  it('has no syntax that its text inherits', async () => {
    expect(await createTrustedCompiler({}).template('{%constructor%}', [], undefined).run({})).toBeUndefined();
  });

  it.each(['{% a + 1 %}', '{% $number(a) %}'])('%s fails with its text and no value', async (hole) => {
    const failing = async () => deployed(hole, 'PRIVATE');
    await expect(failing).rejects.toThrow(EvaluationError);
    await expect(failing).rejects.toThrow(hole.slice(3, -3));
    await expect(failing).rejects.not.toThrow('PRIVATE');
  });
});

describe('a part of a spec', () => {
  it('is compiled by a deployed function when it is first asked for, and once', () => {
    let count = 0;
    const part = createTrustedCompiler({}).later(() => ++count);
    expect(count).toBe(0);
    expect([part(), part(), count]).toEqual([1, 1, 1]);
  });

  it('is compiled at once where it is checked, also by a compiler that notes its mistakes elsewhere', () => {
    let count = 0;
    const compilers = [createTemplateCompiler([]), createTemplateCompiler([]).noting([])];
    const parts = compilers.map((compiler) => compiler.later(() => ++count));
    expect(count).toBe(2);
    expect([...parts.map((part) => part()), count]).toEqual([1, 2, 2]);
  });

  const sender = { address: 'P1', fields: { loft: 'east' }, secrets: { key: 'k', signing: 's' } };
  const message = { sid: 'SM1', accountSid: 'AC1', channel: 'pigeon', from: 'P1', to: 'P2', body: 'coo' };
  /** A part of a spec that fails the test when it is read. */
  const needless = new Proxy({}, { get: () => expect.fail('a part was read that nothing here needs') }) as never;
  const deployedWith = (changes: Partial<ChannelSpec>) =>
    compileChannel({ ...pigeonSpec, ...changes }, createTrustedCompiler(syntaxOf(pigeonSpec)));

  it('that sends is not compiled to read a webhook', async () => {
    const webhook = { method: 'POST' as const, headers: {}, query: {}, body: '{"ping":true}' };
    const outbound = { ...pigeonSpec.outbound, cases: needless };
    const channel = deployedWith({ auth: needless, errors: needless, outbound });
    expect(await channel.receive(webhook, undefined)).toEqual({ kind: 'events', events: [] });
  });

  it('that knows credentials and errors is not compiled to see what a channel supports', async () => {
    const channel = deployedWith({ auth: needless, errors: needless });
    expect(await channel.supports(message, sender)).toBeUndefined();
  });
});
