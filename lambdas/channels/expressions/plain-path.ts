import type jsonata from 'jsonata';

const PLAIN_PATH = /^\s*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*\s*$/;
const LITERAL_WORD = /\b(?:true|false|null|and|or|in)\b/;

/**
 * The tree that JSONata makes of a plain path, `a.b[0].c`: names, each with the positions that follow it. Undefined for
 * anything else. Parsing with JSONata is most of what compiling a spec costs, and most holes are plain paths.
 */
export function plainPath(text: string): jsonata.ExprNode | undefined {
  if (!PLAIN_PATH.test(text) || LITERAL_WORD.test(text)) return undefined;
  const steps: jsonata.ExprNode[] = [];
  for (const { 0: token, 1: name, 2: index, index: at } of text.matchAll(/(\w+)(?!\w*\])|\[(\d+)\]/g)) {
    const position = at + token.length;
    if (name !== undefined) steps.push({ type: 'name', value: name, position });
    else {
      const last = steps[steps.length - 1] as { stages?: object[] };
      last.stages ??= [];
      last.stages.push({ type: 'filter', expr: { type: 'number', value: Number(index) } });
    }
  }
  return { type: 'path', steps } as unknown as jsonata.ExprNode;
}
