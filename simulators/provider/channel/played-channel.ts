import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { readSpec, specNames } from '../../../lambdas/channels/read-yaml.ts';
import type { Channel } from '../../../lambdas/channels/types.ts';
import { type Cases, readCases, requestHosts } from './cases.ts';

/** A spec as this simulator reads it: loosely, since it only looks for what it can answer with. */
export type LooseSpec = Record<string, unknown>;

/** A channel whose provider is played. */
export interface PlayedChannel {
  name: string;
  spec: LooseSpec;
  channel: Channel;
  cases: Cases;
  /** The sender that the cases were written with. */
  sample: Cases['sender'];
  habits: Habits;
}

/** What a provider does that neither its spec nor its cases tell: `channels/<name>.yaml`, where there is anything to say. */
const habitsSchema = z.strictObject({
  /** The statuses that an ordinary message gets, where those are not all that the cases show. */
  statuses: z.array(z.enum(['sent', 'delivered', 'read', 'failed', 'undelivered'])).optional(),
});
export type Habits = z.infer<typeof habitsSchema>;

const HABITS = fileURLToPath(new URL('../channels/', import.meta.url));

/** Where a channel is described. */
export interface ChannelFiles {
  name: string;
  /** A spec's name or the path of its file. */
  spec: string;
  cases: string;
  /** Hosts that its requests go to, `*` for what a sender's field says; none where a field is the whole of it. */
  hosts: string[];
}

/** Looks at a spec and its cases for their hosts only; the rest is read when a sender of it appears. */
export function channelFiles(spec: string, cases?: string): ChannelFiles {
  const read = readSpec(spec);
  const file = cases ?? join(dirname(read.file), 'cases.yaml');
  const defaults = Object.values(read.spec.registration.fields).flatMap((field) => field.default ?? []);
  const confirming = read.spec.inbound.handshake?.request?.hosts ?? [];
  const hosts = existsSync(file) ? [...requestHosts(file, defaults), ...confirming] : [];
  return { name: read.spec.name, spec, cases: file, hosts };
}

/** Every channel in `specs/` that has cases. */
export function allChannelFiles(): ChannelFiles[] {
  return specNames()
    .map((name) => channelFiles(name))
    .filter(({ cases }) => existsSync(cases));
}

export function playedChannel({ name, spec, cases: file }: ChannelFiles): PlayedChannel {
  const read = readSpec(spec);
  const cases = readCases(file);
  return {
    name,
    spec: read.spec as LooseSpec,
    channel: read.channel,
    cases,
    sample: cases.sender,
    habits: habitsOf(name),
  };
}

function habitsOf(name: string): Habits {
  const file = join(HABITS, `${name}.yaml`);
  return existsSync(file) ? habitsSchema.parse(parse(readFileSync(file, 'utf8'))) : {};
}
