import fc from 'fast-check';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { EvaluationError, ExpressionError } from '../../../lambdas/channels/expressions/evaluator.ts';
import { compileExpression } from '../../../lambdas/channels/expressions/expression.ts';
import type { Scope } from '../../../lambdas/channels/expressions/scope.ts';
import { syntaxOf } from '../../../lambdas/channels/expressions/syntax.ts';
import { createTrustedCompiler } from '../../../lambdas/channels/expressions/trusted.ts';

const scope: Scope = { a: true, b: true, sender: { fields: { url: true }, secrets: {} } };
const key = fc.constantFrom('a', 'b', 'c');
const literal = fc.constantFrom("'x'", '1', '0', 'true', 'null', "''");

/** JSON with few keys and short lists, lists of objects above all, so that paths often meet something. */
const leaf = fc.constantFrom<unknown>('x', '', 0, 1, true, false, null, [], [1], ['x', 1], [[1]]);
const object = (value: fc.Arbitrary<unknown>) => fc.record({ a: value, b: value, c: value }, { requiredKeys: [] });
const layer = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    leaf,
    object(value),
    fc.array(object(value), { maxLength: 2 }),
    fc.array(fc.oneof(object(value), leaf), { maxLength: 2 }),
  );
const json = layer(layer(layer(leaf)));
const path = fc
  .tuple(
    fc.constantFrom('a', 'b', '$$.a'),
    fc.array(
      fc.oneof(
        key.map((name) => `.${name}`),
        fc.constantFrom('[0]', '[1]', '[-1]'),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([first, rest]) => first + rest.join(''))
  // `a[0][0]` is one filter after another, which JSONata flattens in ways that no spec needs.
  .filter((text) => !/\]\[/.test(text));
const condition = fc.oneof(
  fc.tuple(path, fc.constantFrom('=', '!='), literal).map((parts) => parts.join(' ')),
  path.map((text) => `$exists(${text})`),
  path.map((text) => `$not(${text} = 'x')`),
  path.map((text) => `${text} in ['x', 1]`),
);
const operation = fc.oneof(
  fc
    .tuple(path, fc.constantFrom('&', '<', '<=', '>', '>=', '+', '-'), fc.oneof(path, literal))
    .map((parts) => parts.join(' ')),
  fc.tuple(path, literal, path).map(([left, middle, right]) => `${left} & ${middle} & ${right}`),
  fc
    .tuple(
      fc.constantFrom('contains', 'substringBefore', 'substringAfter'),
      path,
      fc.constantFrom("'x'", "''", "'xx'", "'-'"),
    )
    .map(([name, text, part]) => `$${name}(${text}, ${part})`),
  path.map((text) => `$contains(${text}, /^x$/)`),
);
const expression = fc.oneof(
  path,
  condition,
  operation,
  fc.tuple(condition, fc.constantFrom('and', 'or'), condition).map((parts) => parts.join(' ')),
  fc.tuple(condition, path, path).map(([test, then, otherwise]) => `${test} ? ${then} : ${otherwise}`),
  fc.tuple(key, key, literal, key).map(([list, name, wanted, read]) => `a.${list}[${name} = ${wanted}].${read}`),
);

describe('an expression', () => {
  it('that is compiled to property reads gives what JSONata gives', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(expression, json, json, async (text, a, b) => {
        const roots = { a, b };
        const theirs = await outcomeOf(() => jsonata(text).evaluate(roots));
        expect(await outcomeOf(async () => compileExpression(text, scope).run(roots))).toEqual(theirs);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the same in a deployed function, which has its syntax from a file', async () => {
    await fc.assert(
      fc.asyncProperty(expression, json, json, async (text, a, b) => {
        const roots = { a, b };
        const hole = `{% ${text} %}`;
        const deployed = createTrustedCompiler(syntaxOf(hole)).template(hole, [], undefined);
        const checked = compileExpression(text, scope);
        expect(await outcomeOf(async () => deployed.run(roots))).toEqual(
          await outcomeOf(async () => checked.run(roots)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a.b', false],
    ['a.b[0].c', false],
    ["a.b[c = $$.b.c].d = 'x' and $exists(a.d) ? a : b", false],
    ["a.b in ['x', 'y']", false],
    ['a ?? b', false],
    ["a.b & 'x'", false],
    ['a.b > 1', false],
    ['a.b + 1 = b ? a', false],
    ['$contains(a, /^[0-9]+$/)', false],
    ['$uuid(a.b, b)', false],
    ['$count(a)', true],
    ['a.{ "b": c }', true],
    ['$contains(a, b)', true],
    ['$uuid($count(a))', true],
  ])('%s: runs JSONata only when it must (%s)', (text, runsJsonata) => {
    const values = { a: '1', b: '2' };
    expect(outcome(() => compileExpression(text, scope).run(values)) instanceof Promise).toBe(runsJsonata);
  });

  it('does not reach what an object inherits', () => {
    expect(compileExpression('a.constructor.name', scope).run({ a: {} })).toBeUndefined();
  });

  it('has the values of an object or a list with $values', async () => {
    const values = compileExpression('$values(a)', scope);
    expect(await values.run({ a: { 2: 'two', 1: 'one' } })).toEqual(['one', 'two']);
    expect(await values.run({ a: ['x'] })).toEqual(['x']);
    expect(await values.run({})).toEqual([]);
  });

  it.each([
    ['mesage.to', { message: true }, 'nothing is called "mesage" here; there is message; did you mean "message"?', 0],
    ['a.b = sender.fields.ulr', scope, 'sender.fields has no "ulr"; there is url; did you mean "url"?', 20],
    ['$count(sender.secrets.key)', scope, 'sender.secrets has no "key"; nothing is declared there', 22],
    ['$$.c', scope, 'nothing is called "c" here', 3],
    ['$map(a, function($x) { $x.y = c })', scope, 'nothing is called "c" here', 30],
  ])('%s: a name that means nothing is a mistake', (text, names, message, offset) => {
    const error = thrown(() => compileExpression(text, names as Scope));
    expect(error.message).toContain(message);
    expect(error.offset).toBe(offset);
  });

  it('may name anything after a name whose keys the provider decides', () => {
    expect(() => compileExpression('a.whatever[what = $$.b.ever].{ "x": anything }', scope)).not.toThrow();
  });

  it('with a syntax error says where', () => {
    const error = thrown(() => compileExpression('a.b(', scope));
    expect(error.message).toBe('not JSONata: Expected ")" before end of expression');
    expect(error.offset).toBe(3);
  });

  it('that fails names itself and none of the values', async () => {
    const failing = compileExpression('$number(a)', scope).run({ a: 'my secret' });
    await expect(failing).rejects.toThrow(EvaluationError);
    await expect(failing).rejects.toThrow('the expression "$number(a)" failed on this input (JSONata D3030)');
  });
});

/** What a function gives, be it an error. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

/** The value, or JSONata's code for what is wrong with it. */
async function outcomeOf(evaluate: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: plain(await evaluate()) };
  } catch (error) {
    return { code: (error as { code?: string }).code ?? /JSONata (\w+)/.exec((error as Error).message)?.[1] };
  }
}

/** Without the marks that JSONata leaves on its lists. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function thrown(action: () => unknown): ExpressionError {
  try {
    action();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
