import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { compileChannel } from './compile.ts';
import { createTemplateCompiler } from './expressions/checked.ts';
import { didYouMean, type Mistake, SpecError } from './mistakes.ts';
import type { SigningHost } from './primitives/auth/aws-sigv4.ts';
import { type ChannelSpec, channelSpecSchema } from './spec.ts';
import type { Channel } from './types.ts';
import { mistakesOfIssue, offsetOf, withoutUnknownKeys } from './yaml-mistakes.ts';

/*
 * Specs from YAML, with the place of each mistake. For tests, the command line and the build: a deployed function reads JSON
 * that was checked here, and has no YAML parser.
 */

/** A mistake in a file; `line` and `column` count from 1. */
export interface PlacedMistake {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** A spec that cannot be used, with every mistake in it; the message has one line for each, `file:line:column: what`. */
export class SpecFileError extends Error {
  readonly mistakes: readonly PlacedMistake[];

  constructor(mistakes: readonly PlacedMistake[]) {
    super(mistakes.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n'));
    this.name = 'SpecFileError';
    this.mistakes = mistakes;
  }
}

/** Neither a channel's name nor a file. */
export class UnknownSpecError extends Error {}

const SPECS = fileURLToPath(new URL('../../specs/', import.meta.url));

/** The names of the specs in `specs/`, in alphabetical order. */
export function specNames(): string[] {
  return readdirSync(SPECS)
    .filter((name) => existsSync(join(SPECS, name, 'channel.yaml')))
    .sort();
}

/** The file of a spec, by its name or by a path to any YAML file; throws `UnknownSpecError`. */
export function specFile(pathOrName: string): string {
  const named = join(SPECS, pathOrName, 'channel.yaml');
  if (/^[a-z][a-z0-9-]*$/.test(pathOrName) && existsSync(named)) return named;
  if (existsSync(pathOrName)) return pathOrName;
  throw new UnknownSpecError(`there is no channel and no file "${pathOrName}"${didYouMean(pathOrName, specNames())}`);
}

/**
 * A spec and its channel, by name or path.
 * @param host the clock and credentials that signatures need, the machine's own if not given
 * @throws SpecFileError with every mistake, UnknownSpecError
 */
export function readSpec(
  pathOrName: string,
  host?: SigningHost,
): { spec: ChannelSpec; channel: Channel; file: string } {
  const file = specFile(pathOrName);
  const source = readFileSync(file, 'utf8');
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const placed = (offset: number, message: string): PlacedMistake => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  if (document.errors.length > 0) {
    throw new SpecFileError(document.errors.map((error) => placed(error.pos[0], `not YAML: ${error.message}`)));
  }

  const value: unknown = document.toJS();
  const mistakes: Mistake[] = [];
  const parsed = channelSpecSchema.safeParse(value);
  if (parsed.success) {
    const channel = tryCompile(parsed.data, mistakes, host);
    if (channel) return { spec: parsed.data, channel, file };
  } else {
    mistakes.push(...parsed.error.issues.flatMap((issue) => mistakesOfIssue(issue, channelSpecSchema, value)));
    // What is wrong with the keys must not hide what is wrong in the expressions.
    const repaired = channelSpecSchema.safeParse(withoutUnknownKeys(value, parsed.error.issues));
    if (repaired.success) tryCompile(repaired.data, mistakes);
    else createTemplateCompiler(mistakes).template(value, [], undefined);
  }
  throw new SpecFileError(
    mistakes
      .map((mistake) => placed(offsetOf(document, source, mistake), sentence(mistake.path, mistake.message)))
      .sort((left, right) => left.line - right.line || left.column - right.column),
  );
}

function tryCompile(spec: ChannelSpec, mistakes: Mistake[], host?: SigningHost): Channel | undefined {
  try {
    return compileChannel(spec, createTemplateCompiler([]), host);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    mistakes.push(...error.mistakes);
    return undefined;
  }
}

function sentence(path: readonly (string | number)[], message: string): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
