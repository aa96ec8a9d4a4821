import type { Plugin } from 'vitest/config';

/** What instrumented code calls: a point is `outbound/claim.ts:18`, with the number of the await where a line has several. */
export interface CrashHooks {
  /** The awaits of a module that has been loaded: each point with what its line says. */
  list(points: Readonly<Record<string, string>>): void;
  /** Right before an awaited expression is evaluated. */
  before(point: string): Promise<void>;
  /** Settles as the awaited expression does. */
  after<T>(point: string, awaited: T): Promise<Awaited<T>>;
  /** The same values, each with a point before and after it. */
  each<T>(point: string, values: AsyncIterable<T> | Iterable<T | Promise<T>>): AsyncIterable<Awaited<T>>;
}

/** The name under which changed code finds them; they must be there before it is loaded. */
export const HOOKS = '__crashHooks';

interface Node {
  type: string;
  start: number;
  end: number;
}

interface Edit {
  at: number;
  /** Characters that are replaced. */
  length: number;
  text: string;
}

/**
 * Puts a place to die before and after every await of modules, each named by its file and line. The code is changed while it is
 * still TypeScript and no line moves, so the names are those of the source.
 * @param folder whose modules are changed, with those of its folders: `/lambdas/outbound/`
 */
export function crashPoints(folder: string): Plugin {
  return {
    name: 'crash-points',
    enforce: 'pre',
    transform(code, id) {
      const [, file] = id.split('?')[0]?.split('/lambdas/') ?? [];
      if (file === undefined || !id.includes(folder) || !file.endsWith('.ts')) return undefined;
      return { code: withCrashPoints(code, file, this.parse(code, { lang: 'ts', sourceType: 'module' })), map: null };
    },
  };
}

/**
 * The code with its awaits wrapped; on its first line it lists them.
 * @param file as the points are to name it
 * @param program the code's syntax tree (ESTree)
 */
export function withCrashPoints(code: string, file: string, program: object): string {
  const awaits = awaitsOf(program);
  const names = namesOf(awaits, code, file);
  const edits = awaits.flatMap((node, index): Edit[] => {
    const point = JSON.stringify(names[index]);
    if (node.type === 'ForOfStatement') {
      const { right } = node as Node & { right: Node };
      return [
        { at: right.start, length: 0, text: `${HOOKS}.each(${point}, (` },
        { at: right.end, length: 0, text: '))' },
      ];
    }
    return [
      {
        at: node.start,
        length: 'await'.length,
        text: `(await ${HOOKS}.before(${point}), await ${HOOKS}.after(${point},`,
      },
      { at: node.end, length: 0, text: '))' },
    ];
  });
  // From the end, so that what is still to be changed stays where it is; where two begin, the inner one first.
  let changed = code;
  for (const { at, length, text } of edits.sort((left, right) => right.at - left.at || right.length - left.length)) {
    changed = changed.slice(0, at) + text + changed.slice(at + length);
  }
  const lines = code.split('\n').map((line) => line.trim());
  const list = Object.fromEntries(awaits.map(({ start }, index) => [names[index], lines[lineOf(code, start) - 1]]));
  return `${HOOKS}.list(${JSON.stringify(list)});${changed}`;
}

function awaitsOf(program: object): Node[] {
  const found: Node[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node & { await?: boolean };
    if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) found.push(node);
    for (const child of Object.values(value)) visit(child);
  };
  visit(program);
  return found.sort((left, right) => left.start - right.start);
}

function namesOf(awaits: readonly Node[], code: string, file: string): string[] {
  const lines = awaits.map(({ start }) => lineOf(code, start));
  return lines.map((line, index) => {
    const ofLine = lines.flatMap((other, at) => (other === line ? [at] : []));
    return ofLine.length === 1 ? `${file}:${line}` : `${file}:${line}.${ofLine.indexOf(index) + 1}`;
  });
}

const lineOf = (code: string, position: number): number => code.slice(0, position).split('\n').length;
