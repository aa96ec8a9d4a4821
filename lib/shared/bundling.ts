import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AssetHashType, DockerImage } from 'aws-cdk-lib/core';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Nothing is written there: paths in bundles are relative to it. */
const OUT = 'bundles';

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

interface Bundle {
  code: Uint8Array;
  map: Uint8Array;
}

let bundles: ReadonlyMap<string, Bundle> | undefined;

/** All functions are bundled at once, when the first one is asked for: they share most of their modules, which are read once. */
function bundle(entry: string, outputDirectory: string): void {
  bundles ??= bundleAll(globSync('**/*.lambda.ts', { cwd: join(ROOT, 'lambdas') }));
  const found = bundles.get(entry);
  if (!found) throw new Error(`There is no lambdas/${entry}.`);
  mkdirSync(outputDirectory, { recursive: true });
  writeFileSync(join(outputDirectory, 'index.mjs'), found.code);
  writeFileSync(join(outputDirectory, 'index.mjs.map'), found.map);
}

function bundleAll(entries: readonly string[]): ReadonlyMap<string, Bundle> {
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    // Each to a directory of its own, as its entry is called.
    entryPoints: entries.map((entry) => ({ in: join('lambdas', entry), out: join(entry, 'index') })),
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    write: false,
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
  const contents = new Map(outputFiles.map(({ path, contents: bytes }) => [relative(join(ROOT, OUT), path), bytes]));
  const read = (path: string) => contents.get(path) ?? new Uint8Array();
  return new Map(
    entries.map((entry) => {
      const file = join(entry, 'index.mjs');
      return [entry, { code: read(file), map: read(`${file}.map`) }];
    }),
  );
}

let specs: ReadonlyMap<string, string> | undefined;

/** The specs as functions load them, file name → JSON; validated on the way: a mistake in one fails the synth, not a message. */
export function bundledSpecs(): ReadonlyMap<string, string> {
  specs ??= compileSpecs();
  return specs;
}

function compileSpecs(): ReadonlyMap<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'switchboard-specs-'));
  try {
    const compiler = join(ROOT, 'lambdas', 'channels', 'bundle-specs.ts');
    execFileSync(process.execPath, [compiler, directory], { stdio: ['ignore', 'inherit', 'inherit'] });
    const written = join(directory, 'channels');
    return new Map(readdirSync(written).map((file) => [file, readFileSync(join(written, file), 'utf8')]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeSpecs(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const [file, json] of bundledSpecs()) writeFileSync(join(directory, file), json);
}
