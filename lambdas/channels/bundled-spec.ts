import { type Syntax, syntaxOf } from './expressions/syntax.ts';
import type { ChannelSpec } from './spec.ts';

/** A spec as a deployed function finds it: checked, its defaults filled in, and its simple expressions parsed. */
export type BundledSpec = ChannelSpec & { syntax: Syntax };

/** The file beside a function's bundle, for a spec that was checked. */
export function bundledSpecText(spec: ChannelSpec): string {
  return JSON.stringify({ ...spec, syntax: syntaxOf(spec) } satisfies BundledSpec);
}
