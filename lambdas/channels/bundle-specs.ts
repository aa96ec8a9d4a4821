import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { bundledSpecText } from './bundled-spec.ts';
import { readSpec, SpecFileError, specNames } from './read-yaml.ts';

/*
 * node lambdas/channels/bundle-specs.ts <directory>: writes every spec as JSON to <directory>/channels/, for functions to load.
 * A mistake in any of them ends it with all mistakes printed and code 1.
 */

const [directory] = argv.slice(2);
if (directory === undefined) {
  console.error('usage: node lambdas/channels/bundle-specs.ts <directory>');
  process.exit(2);
}

const mistakes: string[] = [];
const specs: { name: string; json: string }[] = [];
for (const name of specNames()) {
  try {
    specs.push({ name, json: bundledSpecText(readSpec(name).spec) });
  } catch (error) {
    if (!(error instanceof SpecFileError)) throw error;
    mistakes.push(error.message);
  }
}
if (mistakes.length > 0) {
  console.error(mistakes.join('\n'));
  process.exit(1);
}
mkdirSync(join(directory, 'channels'), { recursive: true });
for (const { name, json } of specs) writeFileSync(join(directory, 'channels', `${name}.json`), json);
