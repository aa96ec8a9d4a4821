/** The container's version, `v2.45.1`: some rules of its API depend on it. */
export interface Version {
  text: string;
  atLeast(other: string): boolean;
}

const PATTERN = /^v?(\d+)\.(\d+)\.(\d+)$/;

function parts(text: string): [number, number, number] | undefined {
  const match = PATTERN.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

/** Reads `v2.45.1` or `2.45.1`; undefined when `text` is neither. */
export function parseVersion(text: string): Version | undefined {
  const own = parts(text);
  if (own === undefined) return undefined;
  return {
    text: text.startsWith('v') ? text : `v${text}`,
    atLeast(other) {
      const bound = parts(other);
      if (bound === undefined) throw new Error(`Not a version: ${other}`);
      for (const [index, value] of own.entries()) {
        const difference = value - (bound[index] ?? 0);
        if (difference !== 0) return difference > 0;
      }
      return true;
    },
  };
}
