import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const templateSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Default: z.unknown() }).loose()).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z
    .record(
      z.string(),
      z.object({
        Type: z.string(),
        Condition: z.string().optional(),
        Properties: z.record(z.string(), z.unknown()).default({}),
        Metadata: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default({}),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Export: z.object({ Name: z.unknown() }).optional() }).loose())
    .default({}),
});
export type Template = z.infer<typeof templateSchema>;

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).default({}) }).loose(),
  ),
});

const stackPropertiesSchema = z.object({ templateFile: z.string(), stackName: z.string().optional() }).loose();
const assetPropertiesSchema = z.object({ file: z.string() }).loose();
const assetManifestSchema = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string() }).loose(),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() }).loose()),
      }),
    )
    .default({}),
  dockerImages: z
    .record(
      z.string(),
      z.object({
        source: z.object({ directory: z.string(), dockerFile: z.string().default('Dockerfile') }).loose(),
        destinations: z.record(z.string(), z.object({ imageTag: z.string() }).loose()),
      }),
    )
    .default({}),
});

/** A directory of source that an image would be built from, and the Dockerfile in it. */
export interface ImageAsset {
  directory: string;
  dockerFile: string;
}

export interface StackTemplate {
  name: string;
  template: Template;
}

/** What `cdk synth` wrote: every stack's template, and where its assets are. */
export interface Assembly {
  stacks: StackTemplate[];
  /** From the S3 key that a template names to the directory or file that would be uploaded there. */
  files: Map<string, string>;
  /** From the image tag that a template names to what the image would be built from. */
  images: Map<string, ImageAsset>;
}

/**
 * Reads a cloud assembly (`cdk.out`).
 * @throws if the directory holds none, with a sentence that names it
 */
export async function readAssembly(directory: string): Promise<Assembly> {
  const at = (file: string) => resolve(join(directory, file));
  const manifest = manifestSchema.parse(await readJson(at('manifest.json')));
  const assembly: Assembly = { stacks: [], files: new Map(), images: new Map() };
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    if (artifact.type === 'aws:cloudformation:stack') {
      const properties = stackPropertiesSchema.parse(artifact.properties);
      const template = templateSchema.parse(await readJson(at(properties.templateFile)));
      assembly.stacks.push({ name: properties.stackName ?? id, template });
    } else if (artifact.type === 'cdk:asset-manifest') {
      const assets = assetManifestSchema.parse(
        await readJson(at(assetPropertiesSchema.parse(artifact.properties).file)),
      );
      for (const { source, destinations } of Object.values(assets.files)) {
        for (const { objectKey } of Object.values(destinations)) assembly.files.set(objectKey, at(source.path));
      }
      for (const { source, destinations } of Object.values(assets.dockerImages)) {
        const image = { directory: at(source.directory), dockerFile: source.dockerFile };
        for (const { imageTag } of Object.values(destinations)) assembly.images.set(imageTag, image);
      }
    }
  }
  if (assembly.stacks.length === 0) throw new Error(`The cloud assembly in ${directory} holds no stack.`);
  return assembly;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`Cannot read ${file} of the cloud assembly.`, { cause: error });
  }
}
