import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { ROOT, synthesize } from '../local/synthesize.ts';
import { readAssembly } from '../local/template/assembly.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { table } from './support/table.ts';

/*
 * How large each function's code is, as `cdk deploy` uploads it: a cold start downloads, reads and compiles all of it.
 */

const codeSchema = z.object({ Code: z.object({ S3Key: z.string() }) }).loose();

interface Bundle {
  name: string;
  bytes: number;
  gzipped: number;
  sourceMap: number;
}

async function measure(name: string, directory: string): Promise<Bundle> {
  const code = await readFile(join(directory, 'index.mjs'));
  const { size } = await stat(join(directory, 'index.mjs.map'));
  return { name, bytes: code.length, gzipped: gzipSync(code, { level: 9 }).length, sourceMap: size };
}

async function bundlesIn(directory: string): Promise<Bundle[]> {
  const { stacks, files } = await readAssembly(directory);
  const functions = stacks
    .flatMap(({ template }) => Object.values(template.Resources))
    .filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return Promise.all(
    functions.map(({ Properties, Metadata }) => {
      const { Code } = codeSchema.parse(Properties);
      const asset = files.get(Code.S3Key);
      if (asset === undefined) throw new Error(`The assembly has no asset ${Code.S3Key}.`);
      // `…/Api/Resource`: the construct that the resource belongs to.
      return measure(basename(String(Metadata['aws:cdk:path']).replace(/\/Resource$/, '')), asset);
    }),
  );
}

async function run({ step, signal }: Progress): Promise<string> {
  await mkdir(join(ROOT, '.switchboard'), { recursive: true });
  const temporary = await mkdtemp(join(ROOT, '.switchboard/bundles-'));
  try {
    step('synthesizing the CDK app');
    const directory = join(temporary, 'cdk.out');
    await synthesize({ directory, configuration: {}, signal });
    const bundles = (await bundlesIn(directory)).sort((left, right) => right.bytes - left.bytes);
    const kibibytes = (bytes: number) => (bytes / 1_024).toFixed(0);
    return table(
      ['function', 'code, KiB', 'gzip, KiB', 'gzip ÷ code', 'source map, KiB'],
      bundles.map(({ name, bytes, gzipped, sourceMap }) => [
        name,
        kibibytes(bytes),
        kibibytes(gzipped),
        (gzipped / bytes).toFixed(2),
        kibibytes(sourceMap),
      ]),
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

await runBenchmark('bundles', run);
