import { readFileSync } from 'node:fs';

/** Lines of a YAML file that are neither blank nor only a comment. */
export function linesOfYaml(path: string): number {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line)).length;
}
