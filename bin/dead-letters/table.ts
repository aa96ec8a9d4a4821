/** Columns of the widest values, two spaces apart; the last one is as long as it likes. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((value, column) => value.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Data as people read it: a line for each key, what it holds below it. */
export function outlineOf(value: object, indent = ''): string[] {
  const entries = Object.entries(value);
  const width = Math.max(0, ...entries.map(([key]) => key.length));
  return entries.flatMap(([key, content]: [string, unknown]) => {
    if (typeof content !== 'object' || content === null || Object.keys(content).length === 0) {
      return [`${indent}${`${key}:`.padEnd(width + 2)}${plain(content)}`];
    }
    return [`${indent}${key}:`, ...outlineOf(content, `${indent}  `)];
  });
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? 'empty' : String(value);
}
