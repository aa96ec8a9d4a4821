import { dirname, join } from 'node:path';
import { specFile, specNames } from '../lambdas/channels/read-yaml.ts';
import { linesOfYaml } from './lines/count.ts';
import { ELSEWHERE } from './lines/elsewhere.ts';
import { runBenchmark } from './support/benchmark.ts';
import { table } from './support/table.ts';

/*
 * How much a channel is to write: its spec, and its cases, which are its tests and its simulator too. Blank lines and comments do
 * not count, here and elsewhere.
 */

async function run(): Promise<string> {
  const rows = specNames().map((name) => {
    const file = specFile(name);
    const elsewhere = ELSEWHERE[name];
    return [
      name,
      linesOfYaml(file),
      linesOfYaml(join(dirname(file), 'cases.yaml')),
      elsewhere?.lines ?? '–',
      elsewhere === undefined
        ? '–'
        : `${elsewhere.language}, ${elsewhere.repository}@${elsewhere.commit.slice(0, 7)} ${elsewhere.paths.join(' ')}`,
      elsewhere?.remark ?? '',
    ];
  });
  return table(['channel', 'spec', 'cases', 'elsewhere', 'where', 'remark'], rows);
}

await runBenchmark('lines', run);
