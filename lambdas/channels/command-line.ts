import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { MissingValueError } from './http/request.ts';
import { didYouMean } from './mistakes.ts';
import { parseJson } from './primitives/encodings/json.ts';
import { readSpec, SpecFileError, specFile, specNames, UnknownSpecError } from './read-yaml.ts';
import type { ChannelSpec } from './spec.ts';
import { specSchemaText } from './spec-schema.ts';
import {
  httpAnswerSchema,
  outboundMessageSchema,
  type SenderContext,
  senderContextSchema,
  UnsupportedMessageError,
  type WebhookReading,
  webhookRequestSchema,
} from './types.ts';

/*
 * The channel engine from the command line: `npm run -s channel -- …`. Results are JSON, one object per line; what went wrong is
 * one line beside them. Exit code 0: done; 1: a spec has mistakes, or the channel cannot do it; 2: called wrongly.
 */

/** Where a command reads and writes. */
export interface Terminal {
  result(line: string): void;
  complain(line: string): void;
  input(): string;
}

/** Runs one command and gives its exit code. */
export async function runChannelCommand(args: string[], terminal: Terminal): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        sender: { type: 'string' },
        headers: { type: 'string' },
        query: { type: 'string' },
        method: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const [name, ...rest] = positionals;
    if (values.help || name === undefined) {
      terminal.complain(USAGE);
      return values.help ? 0 : 2;
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) {
      throw new UsageError(
        `there is no command "${name}"${didYouMean(name, Object.keys(COMMANDS))} (--help lists them)`,
      );
    }
    return await command({ ...values, args: rest, terminal, print: (value) => terminal.result(JSON.stringify(value)) });
  } catch (error) {
    const code = codeOf(error);
    terminal.complain((error as Error).message);
    return code;
  }
}

const USAGE = `usage: npm run -s channel -- <command>
  render <channel> <message.json> [--sender <sender.json>]      the requests that a message becomes
  interpret <channel> <answer.json>                             what a provider's answer means
  parse <channel> <body-file> [--headers <json>] [--query <json>] [--method GET|POST] [--sender <sender.json>]
                                                                the events that a webhook becomes
  check [<channel>…]                                            every mistake in the specs
  schema                                                        writes specs/schema/channel.schema.json
<channel> is a name (${specNames().join(', ')}) or a path to a YAML file; "-" as a file is standard input.`;

const SCHEMA_FILE = fileURLToPath(new URL('../../specs/schema/channel.schema.json', import.meta.url));

/** Called wrongly; the message says how, without quoting a value, which may be a secret. */
class UsageError extends Error {}

const COMMANDS: Record<string, (call: Call) => Promise<number>> = {
  render,
  interpret,
  parse,
  check,
  schema,
};
interface Call {
  args: string[];
  terminal: Terminal;
  print(value: unknown): void;
  sender?: string | undefined;
  headers?: string | undefined;
  query?: string | undefined;
  method?: string | undefined;
}

async function render(call: Call): Promise<number> {
  const [name, file] = expectArguments(call.args, '<channel> <message.json>');
  const { spec, channel } = readSpec(name);
  const sender = call.sender === undefined ? undefined : readSender(call, call.sender, spec);
  const given = readJson(call, file);
  // What an author of a spec need not write by hand.
  const defaults = {
    sid: 'SM<sid>',
    accountSid: 'AC<sid>',
    channel: spec.name,
    from: sender?.address ?? '<sender.address>',
  };
  const message = validated(outboundMessageSchema, isObject(given) ? { ...defaults, ...given } : given, file);
  const owner = sender ?? placeholders(spec, message.from);
  const own = await channel.login?.given?.(owner, Date.now());
  const hasSession = channel.login && (!own || own.session);
  const session = hasSession ? { token: '<session.token>', expiresAt: '<session.expiresAt>' } : undefined;
  for (const request of await channel.render(message, owner, session)) call.print(request);
  return 0;
}

async function interpret(call: Call): Promise<number> {
  const [name, file] = expectArguments(call.args, '<channel> <answer.json>');
  const { channel } = readSpec(name);
  const given = readJson(call, file);
  const answer = validated(httpAnswerSchema, isObject(given) ? { ...given, ...answerTexts(given) } : given, file);
  call.print(await channel.interpret(answer));
  return 0;
}

async function parse(call: Call): Promise<number> {
  const [name, file] = expectArguments(call.args, '<channel> <body-file>');
  const { spec, channel } = readSpec(name);
  const sender = call.sender === undefined ? undefined : readSender(call, call.sender, spec);
  const webhook = validated(
    webhookRequestSchema,
    {
      method: call.method?.toUpperCase() ?? 'POST',
      headers: lowerCaseKeys(inlineJson(call.headers, '--headers')),
      query: inlineJson(call.query, '--query'),
      body: readText(call, file),
    },
    'the webhook',
  );
  printReading(call, await channel.receive(webhook, sender));
  return 0;
}

async function check({ args, print, terminal }: Call): Promise<number> {
  let code = 0;
  for (const name of args.length === 0 ? specNames() : args) {
    try {
      const { spec, file } = readSpec(name);
      print({ channel: spec.name, file: relative('', file), mistakes: 0 });
    } catch (error) {
      if (!(error instanceof SpecFileError)) throw error;
      for (const mistake of error.mistakes) print({ ...mistake, file: relative('', mistake.file) });
      const count = error.mistakes.length;
      terminal.complain(`${relative('', specFile(name))} has ${count} ${count === 1 ? 'mistake' : 'mistakes'}`);
      code = 1;
    }
  }
  return code;
}

async function schema({ print }: Call): Promise<number> {
  writeFileSync(SCHEMA_FILE, specSchemaText());
  print({ file: relative('', SCHEMA_FILE) });
  return 0;
}

function printReading({ print }: Call, reading: WebhookReading): void {
  switch (reading.kind) {
    case 'events':
      for (const event of reading.events) print(event);
      return;
    case 'handshake':
      print({ type: 'handshake', ...reading.answer });
      return;
    default: {
      const { kind, ...rest } = reading;
      print({ type: kind, ...rest });
    }
  }
}

/** A sender file, complete for the spec. Its mistakes are named by key: a value may be a secret. */
function readSender(call: Call, file: string, spec: ChannelSpec): SenderContext {
  const sender = validated(senderContextSchema, readJson(call, file), file);
  const lacking = (['fields', 'secrets'] as const).flatMap((part) =>
    Object.entries(spec.registration[part])
      .filter(([name, input]) => input.default === undefined && !input.optional && sender[part][name] === undefined)
      .map(([name, input]) => `${part}.${name} (${input.description})`),
  );
  if (lacking.length > 0) throw new UsageError(`${file}: ${spec.name} also needs ${lacking.join(', ')}`);
  return sender;
}

/** Without a sender, what comes from it shows as its name. */
function placeholders(spec: ChannelSpec, address: string): SenderContext {
  const named = (part: 'fields' | 'secrets') =>
    Object.fromEntries(
      Object.entries(spec.registration[part]).map(([name, input]) => [
        name,
        input.default ?? `<sender.${part}.${name}>`,
      ]),
    );
  return { address, fields: named('fields'), secrets: named('secrets') };
}

function validated<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const known = 'shape' in schema ? Object.keys(schema.shape as object) : [];
  const mistakes = result.error.issues.map((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys
        .map((key) => `unknown key "${key}"${path === '' ? didYouMean(key, known) : ` in ${path}`}`)
        .join(', ');
    }
    return `${path === '' ? 'it' : path}: ${issue.message.replace(/^Invalid input: /, '')}`;
  });
  throw new UsageError(`${what}: ${mistakes.join(', ')}`);
}

/** An answer as an author writes it: its body may be JSON as it is, and header names in any case. */
function answerTexts(given: Record<string, unknown>): Record<string, unknown> {
  const { headers, body } = given;
  return {
    ...(isObject(headers) && { headers: lowerCaseKeys(headers) }),
    ...(typeof body === 'object' && body !== null && { body: JSON.stringify(body) }),
  };
}

function lowerCaseKeys(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

function inlineJson(text: string | undefined, option: string): Record<string, unknown> {
  const value = text === undefined ? {} : tryJson(text);
  if (!isObject(value)) throw new UsageError(`${option} must be a JSON object, such as '{"name":"value"}'`);
  return value;
}

function readJson(call: Call, file: string): unknown {
  const value = tryJson(readText(call, file));
  // The parser's own message quotes the text, and a sender file holds secrets.
  if (value === undefined) throw new UsageError(`${file} is not JSON`);
  return value;
}

function tryJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function readText({ terminal }: Call, file: string): string {
  try {
    return file === '-' ? terminal.input() : readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expectArguments(args: string[], names: string): [string, string] {
  const [first, second, ...others] = args;
  if (first === undefined || second === undefined || others.length > 0) throw new UsageError(`expected ${names}`);
  return [first, second];
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof UnknownSpecError) return 2;
  if (error instanceof SpecFileError || error instanceof UnsupportedMessageError || error instanceof MissingValueError)
    return 1;
  // Node's own complaint about an option.
  if ((error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) return 2;
  throw error;
}
