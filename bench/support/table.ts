/** A cell: text, or a number as it is to be shown. */
export type Cell = string | number;

/** A Markdown table, aligned so that it reads well in a terminal too: the first column left, all others right. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((cells) => cells.map(String));
  const widths = header.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [first = [], ...rest] = lines.map((cells) =>
    widths.map((width, column) => {
      const text = cells[column] ?? '';
      return column === 0 ? text.padEnd(width) : text.padStart(width);
    }),
  );
  return [first, rule, ...rest].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
