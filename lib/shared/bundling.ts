import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AssetHashType, DockerImage } from 'aws-cdk-lib/core';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A function's code: one small ES module, its source map, and the channel specs beside them. Bundled in this process, because
 * `NodejsFunction` starts npx, esbuild and the spec compiler anew for each function, which triples the time of a synth.
 * @param entry the entry file under `lambdas/`: `api/api.lambda.ts`
 */
export function bundledCode(entry: string): Code {
  return Code.fromAsset(ROOT, {
    // By what comes out, so that a change elsewhere in the repository deploys nothing.
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never started: the local bundler below always succeeds or throws.
      image: DockerImage.fromRegistry('none'),
      // Not run either, but part of the key under which CDK remembers a bundle; without it all functions would share the first.
      command: [entry],
      local: {
        tryBundle: (outputDirectory) => {
          bundle(entry, outputDirectory);
          writeSpecs(join(outputDirectory, 'channels'));
          return true;
        },
      },
    },
  });
}

function bundle(entry: string, outputDirectory: string): void {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [join('lambdas', entry)],
    outfile: join(outputDirectory, 'index.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    // ES modules first: only they lose what nothing uses. The AWS SDK comes along, so the one that was tested is the one that runs.
    mainFields: ['module', 'main'],
    // Linked, so that Node finds the map; without sources in it, which would double what a cold start downloads.
    sourcemap: 'linked',
    sourcesContent: false,
    // Some dependencies are CommonJS and call `require` for Node's own modules, which an ES module lacks.
    banner: {
      js: `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`,
    },
    logLevel: 'warning',
  });
}

/** File name → JSON, the same for every function. */
let specs: ReadonlyMap<string, string> | undefined;

/** Specs travel as JSON, validated on the way: a mistake in one fails the synth, not a message. */
function writeSpecs(directory: string): void {
  if (specs === undefined) {
    const compiler = join(ROOT, 'lambdas', 'channels', 'bundle-specs.ts');
    execFileSync(process.execPath, [compiler, join(directory, '..')], { stdio: ['ignore', 'inherit', 'inherit'] });
    specs = new Map(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]));
    return;
  }
  mkdirSync(directory, { recursive: true });
  for (const [file, json] of specs) writeFileSync(join(directory, file), json);
}
