import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundledSpec } from './bundled-spec.ts';
import { compileChannel } from './compile.ts';
import { createTrustedCompiler } from './expressions/trusted.ts';
import type { Channel } from './types.ts';

const compiled = new Map<string, Channel>();

/** Where the specs are that `bundle-specs` wrote: `CHANNELS_DIR`, else `channels/` beside the bundle. */
function channelsDirectory(): string {
  return process.env['CHANNELS_DIR'] ?? fileURLToPath(new URL('./channels/', import.meta.url));
}

/** The channels that this function was deployed with, in alphabetical order. */
export function channelNames(): string[] {
  return readdirSync(channelsDirectory())
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** A channel by name, read once; undefined when there is none of that name. Each part of it is compiled on first use. */
export function loadChannel(name: string): Channel | undefined {
  const key = `${channelsDirectory()}:${name}`;
  const known = compiled.get(key);
  if (known) return known;
  // Looked up and not just opened: a name may come from a request, and a path is no name.
  if (!channelNames().includes(name)) return undefined;
  // Validated when it was written, at synth; checking it again would only cost cold-start time.
  const spec = JSON.parse(readFileSync(join(channelsDirectory(), `${name}.json`), 'utf8')) as BundledSpec;
  const channel = compileChannel(spec, createTrustedCompiler(spec.syntax));
  compiled.set(key, channel);
  return channel;
}

/** The channel of something that is stored already; throws when this deployment no longer has it. */
export function requireChannel(name: string): Channel {
  const channel = loadChannel(name);
  if (!channel) throw new Error(`The channel ${name} is not part of this deployment: its spec is missing from specs/.`);
  return channel;
}
