/** A place in a spec: `['outbound', 'cases', 0, 'body']`. */
export type SpecPath = readonly (string | number)[];

/** One thing wrong with a spec, in words that its author can act on. */
export interface Mistake {
  path: SpecPath;
  message: string;
  /** The key itself is wrong, not its value. */
  atKey?: boolean;
  /** The JSONata text that is wrong, and where in it, for a column as exact as can be. */
  expression?: { text: string; offset: number };
}

/** A spec that cannot be compiled; `mistakes` has every one of them. */
export class SpecError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map((mistake) => `${mistake.path.join('.') || 'spec'}: ${mistake.message}`).join('\n'));
    this.name = 'SpecError';
    this.mistakes = mistakes;
  }
}

/** `; did you mean "x"?` when one of the known words is near enough to be what was meant, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((left, right) => left.distance - right.distance)[0];
  return near === undefined ? '' : `; did you mean "${near.candidate}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
