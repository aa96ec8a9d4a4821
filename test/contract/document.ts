import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Documents that tests follow. A fenced block may say what it is: `title="file"` is a file, `append="file"` goes at its end, and
 * `console` shows commands after `$ ` with what they print.
 */

export interface Block {
  language: string;
  title?: string;
  append?: string;
  text: string;
}

/** A document in `docs/`. */
export function textOf(document: string): string {
  return readFileSync(fileURLToPath(new URL(`../../docs/${document}`, import.meta.url)), 'utf8');
}

/** Its fenced blocks, in their order. */
export function blocksOf(document: string): Block[] {
  return [...textOf(document).matchAll(/^```(\w+)(?: (title|append)="([^"]+)")?\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', how, file = '', text = '']) => ({ language, ...(how !== undefined && { [how]: file }), text }),
  );
}

/** A command, what it prints, and the blocks before it. */
export interface Step {
  command: string;
  prints: string[];
  before: Block[];
}

export function stepsOf(blocks: readonly Block[]): Step[] {
  return blocks.flatMap((block, index) =>
    block.language === 'console'
      ? block.text
          .split(/^\$ /m)
          .slice(1)
          .map((shown) => {
            const [command = '', ...prints] = shown.trimEnd().split('\n');
            return { command, prints, before: blocks.slice(0, index) };
          })
      : [],
  );
}

/** The words of a command line, as a shell reads them. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Writes the files of a document into a directory. */
export function writeFiles(blocks: readonly Block[], directory: string): void {
  for (const { title, append, text } of blocks) {
    const file = title ?? append;
    if (file === undefined) continue;
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    if (title === undefined) appendFileSync(path, text);
    else writeFileSync(path, text);
  }
}
