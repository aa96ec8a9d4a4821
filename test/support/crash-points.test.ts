import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';
import { withCrashPoints } from './crash-points.ts';

const changed = (code: string) => withCrashPoints(code, 'a.ts', parseAst(code, { lang: 'ts', sourceType: 'module' }));
/** Without the list that comes first. */
const body = (code: string) => changed(code).replace(/^.*?\}\);/, '');

describe('crash points', () => {
  it.each([
    ['await f();', '(await __crashHooks.before("a.ts:1"), await __crashHooks.after("a.ts:1", f()));'],
    [
      'const x = (await f<A>(1)) as B;',
      'const x = ((await __crashHooks.before("a.ts:1"), await __crashHooks.after("a.ts:1", f<A>(1)))) as B;',
    ],
    [
      'await f(await g());',
      '(await __crashHooks.before("a.ts:1.1"), await __crashHooks.after("a.ts:1.1", f((await __crashHooks.before("a.ts:1.2"), await __crashHooks.after("a.ts:1.2", g())))));',
    ],
    ['for await (const x of y) f(x);', 'for await (const x of __crashHooks.each("a.ts:1", (y))) f(x);'],
    [
      'for await (const x of await y) f(x);',
      'for await (const x of __crashHooks.each("a.ts:1.1", ((await __crashHooks.before("a.ts:1.2"), await __crashHooks.after("a.ts:1.2", y))))) f(x);',
    ],
  ])('are put before and after each await: %s', (code, expected) => {
    expect(body(code)).toBe(expected);
  });

  it('are named by their lines, which stay where they are', () => {
    const code = 'const a = 1;\n\nasync function f(x: string): Promise<void> {\n  await g(x);\n}\n';
    expect(changed(code)).toContain('__crashHooks.list({"a.ts:4":"await g(x);"});');
    expect(changed(code).split('\n')).toHaveLength(code.split('\n').length);
  });

  it('leave code without any as it is', () => {
    expect(body('const a: number = f();')).toBe('const a: number = f();');
  });
});
