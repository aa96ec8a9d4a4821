import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';

const scope = { a: true, n: true } as const;
const roots = { a: { text: 'héllo/ø', list: [1, 2], nothing: null }, n: 7 };

async function filled(value: unknown): Promise<unknown> {
  const mistakes: Mistake[] = [];
  const template = createTemplateCompiler(mistakes).template(value, [], scope);
  expect(mistakes).toEqual([]);
  return template.run(roots);
}

describe('a template', () => {
  it.each([
    ['a literal stays', { x: ['y', 1, true, {}, []] }, { x: ['y', 1, true, {}, []] }],
    ['a text that is one hole has the type of its value', ['{% a.list %}', '{% n %}', ' {%n%} '], [[1, 2], 7, 7]],
    ['a hole inside text is written into it', 'n is {% n %}, {% a.list %}.', 'n is 7, [1,2].'],
    ['a hole that runs JSONata may stand anywhere', { x: ['{% n + 1 %}', 'is {% $string(n) %}'] }, { x: [8, 'is 7'] }],
    ['a key whose hole yields nothing is left out', { x: '{% a.y %}', z: 1 }, { z: 1 }],
    ['so is one whose hole yields null', { x: '{% a.nothing %}', z: 1 }, { z: 1 }],
    ['a text around a hole that yields nothing is left out', { x: 'n {% a.y %}', z: 1 }, { z: 1 }],
    ['an object that holes left empty is left out', { x: { y: { w: '{% a.y %}' } }, z: 1 }, { z: 1 }],
    ['a list that holes left empty is left out', { x: ['{% a.y %}'], z: 1 }, { z: 1 }],
    ['a list closes over what is left out', ['{% a.y %}', 'x'], ['x']],
    ['two holes in one text are two', '{% n %}{% n %}', '77'],
  ])('%s', async (_label, value, expected) => {
    expect(await filled(value)).toEqual(expected);
  });

  it('is constant where it has no holes: it is built once', () => {
    const template = createTemplateCompiler([]).template({ x: [1] }, [], scope);
    expect(template.run({})).toBe(template.run({}));
  });

  it.each([
    ['https://x.example/{% a.text %}/y', 'https://x.example/h%C3%A9llo%2F%C3%B8/y'],
    ['{% a.text %}/v1/{% a.text %}', 'héllo/ø/v1/h%C3%A9llo%2F%C3%B8'],
  ])('as a URL takes its base as it is and encodes other holes: %s', (value, expected) => {
    expect(createTemplateCompiler([]).url(value, [], scope).run(roots)).toBe(expected);
  });

  it('notes every mistake, with its place', () => {
    const mistakes: Mistake[] = [];
    createTemplateCompiler(mistakes).template({ x: ['{% b %}', '{% a( %}'], y: 'n {% a' }, ['body'], scope);
    expect(mistakes.map(({ path, message }) => [path.join('.'), message.split(';')[0]])).toEqual([
      ['body.x.0', 'nothing is called "b" here'],
      ['body.x.1', 'not JSONata: Expected ")" before end of expression'],
      ['body.y', 'a hole that "{%" opens is not closed by "%}"'],
    ]);
  });
});
