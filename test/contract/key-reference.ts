import { z } from 'zod';
import { channelSpecSchema } from '../../lambdas/channels/spec.ts';

/*
 * Every key of a spec as Markdown, from the descriptions that editors show.
 */

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
}

const REQUEST_KEYS = ['method', 'url', 'headers', 'query', 'encoding', 'body'];
/** Where the keys of a request are said in full; elsewhere they are only mentioned. */
const REQUEST_PLACE = 'outbound.request';
/** What tells the variants of a union apart. */
const TAGS = ['scheme', 'kind', 'type'];

/** The text of `docs/channel-spec-keys.md`. */
export function keyReference(): string {
  const schema = z.toJSONSchema(channelSpecSchema, { io: 'input', target: 'draft-07' }) as Schema;
  const told: Told = new Map();
  const sections = Object.entries(schema.properties ?? {}).map(([name, section]) => {
    const about = sentence(section, schema.required?.includes(name) ?? false);
    return [`## ${name}`, '', about, '', ...keysOf(section, name, 0, told)].join('\n').trimEnd();
  });
  return [
    '# Every key of a channel spec',
    '',
    'Made from the schema, `lambdas/channels/spec.ts`: `npx vitest run --project contract -u` writes it anew.',
    'What the parts are for, and examples, is in [channel-specs.md](channel-specs.md).',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}

/** What has been told, by what it is made of: where. */
type Told = Map<string, string>;

/** The keys below a schema as a list, or where the same list stands already. */
function keysOf(schema: Schema, path: string, depth: number, told: Told): string[] {
  const lines = listOf(schema, path, 0, told);
  if (lines.length < 3) return indented(lines, depth);
  const { properties, items, anyOf, oneOf, additionalProperties } = schema;
  const substance = JSON.stringify({ properties, items, anyOf, oneOf, additionalProperties });
  const place = told.get(substance);
  if (place !== undefined) return indented([`- as in \`${place}\``], depth);
  told.set(substance, path);
  return indented(lines, depth);
}

/** Of a union, by variant. */
function listOf(schema: Schema, path: string, depth: number, told: Told): string[] {
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) return variants.flatMap((variant) => variantKeys(variant, path, depth, told));
  if (schema.items) return listOf(schema.items, `${path}[]`, depth, told);
  if (schema.properties) return objectKeys(schema, path, depth, [], told);
  if (schema.additionalProperties) return listOf(schema.additionalProperties, path, depth, told);
  return [];
}

function variantKeys(variant: Schema, path: string, depth: number, told: Told): string[] {
  const tag = TAGS.find((name) => valuesOf(variant.properties?.[name]).length > 0);
  if (tag === undefined) return listOf(variant, path, depth, told);
  const values = valuesOf(variant.properties?.[tag]).map((value) => `\`${value}\``);
  // An element of a list is named by its tag, so that "as in" tells which.
  const place = path.replace(/\[\]$/, `[${values[0]?.replaceAll('`', '')}]`);
  return [
    `${indent(depth)}- ${tag} ${values.join(', ')}: ${variant.description ?? ''}`,
    ...objectKeys(variant, place, depth + 1, [tag], told),
  ];
}

function objectKeys(schema: Schema, path: string, depth: number, without: string[], told: Told): string[] {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !without.includes(name));
  const isRequest = REQUEST_KEYS.every((key) => schema.properties?.[key]) && path !== REQUEST_PLACE;
  const shown = isRequest ? properties.filter(([name]) => !REQUEST_KEYS.includes(name)) : properties;
  const lines = shown.flatMap(([name, property]) => [
    `${indent(depth)}- **${name}**${facts(property, schema.required?.includes(name) ?? false)}${property.description ? `: ${property.description}` : ''}`,
    ...keysOf(property, `${path}.${name}`, depth + 1, told),
  ]);
  return isRequest ? [`${indent(depth)}- the keys of a request, as in \`${REQUEST_PLACE}\``, ...lines] : lines;
}

function facts(schema: Schema, required: boolean): string {
  const values = valuesOf(schema).map((value) => `\`${value}\``);
  const list = [
    ...(required && schema.default === undefined ? ['required'] : []),
    ...(values.length > 0 ? [values.join(' ')] : []),
    ...(schema.default !== undefined && schema.default !== '' && typeof schema.default !== 'object'
      ? [`default \`${schema.default}\``]
      : []),
  ];
  return list.length > 0 ? ` (${list.join(', ')})` : '';
}

function valuesOf(schema: Schema | undefined): unknown[] {
  return schema?.enum ?? (schema?.const === undefined ? [] : [schema.const]);
}

function sentence(schema: Schema, required: boolean): string {
  return `${schema.description ?? ''}. ${required ? 'Required.' : 'Optional.'}`;
}

function indented(lines: string[], depth: number): string[] {
  return lines.map((line) => indent(depth) + line);
}

function indent(depth: number): string {
  return '  '.repeat(depth);
}
