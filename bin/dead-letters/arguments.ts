import { parseArgs } from 'node:util';

/** Something is wrong with what was typed, or with where the gateway is said to be; the message is for a person. */
export class UsageError extends Error {}

/** A parameter of the API. */
export type Parameter = [name: string, value: string];

export type Command =
  | { name: 'help' }
  | { name: 'list'; filters: Parameter[]; limit: number; json: boolean }
  | { name: 'show'; sid: string; json: boolean }
  | { name: 'redrive' | 'drop'; sids: string[]; filters: Parameter[]; json: boolean };

export const USAGE = `Usage: npm run -s dead-letters -- <command> [options]

  list                 shows dead letters, newest first
  show <SID>           shows one, with what may be told of its payload
  redrive <SID>…       takes up again what they are about: a message is sent, an event applied, a callback posted
  drop <SID>…          removes them for good

Which ones, instead of SIDs:
  --queue <name>       outbound, inbound or callbacks
  --reason <text>      a part of the reason, in any letter case
  --since <when>       a date (2026-11-22T10:00Z), or how long ago: 90m, 12h, 3d
  --until <when>       likewise
  --all                every dead letter of the account

  --limit <number>     list: how many at most (50)
  --json               for programs: one JSON object per line
  --help               this text

Where the gateway is and whose letters: SWITCHBOARD_URL, SWITCHBOARD_ACCOUNT_SID and SWITCHBOARD_AUTH_TOKEN; without them
the gateway of \`npm start\` in this directory.

Ends with 0 when all was done, 1 when something was not, 2 when it was asked for wrongly.`;

const DEFAULT_LIMIT = 50;
const SID = /^DL[0-9a-f]{32}$/i;

/**
 * Reads a command line.
 * @throws UsageError with a sentence for a person
 */
export function parseCommand(words: readonly string[], now: number): Command {
  const { values, positionals } = parsed(words);
  const [name, ...rest] = positionals;
  if (values.help) return { name: 'help' };
  const json = values.json ?? false;
  const filters = filtersOf(values, now);
  switch (name) {
    case undefined:
      throw new UsageError(USAGE);
    case 'list':
      if (rest.length > 0) throw new UsageError(`"list" takes options, not "${rest[0]}". For one letter, use "show".`);
      return { name, filters, limit: values.all ? Number.POSITIVE_INFINITY : limitOf(values.limit), json };
    case 'show': {
      const [sid] = rest;
      if (sid === undefined || rest.length > 1) throw new UsageError('"show" takes the SID of one dead letter.');
      return { name, sid: sidOf(sid), json };
    }
    case 'redrive':
    case 'drop': {
      const sids = rest.map(sidOf);
      const chosen = filters.length > 0 || values.all === true;
      if (sids.length > 0 && chosen) throw new UsageError(`"${name}" takes SIDs or options that choose, not both.`);
      if (sids.length === 0 && !chosen) {
        throw new UsageError(`Say which to ${name}: SIDs, --queue, --reason, --since, --until, or --all.`);
      }
      return { name, sids, filters: values.all ? [...filters, ['All', 'true']] : filters, json };
    }
    default:
      throw new UsageError(
        `There is no command "${name}"; there are list, show, redrive and drop. --help explains them.`,
      );
  }
}

interface Options {
  queue?: string | undefined;
  reason?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  all?: boolean | undefined;
  limit?: string | undefined;
  json?: boolean | undefined;
  help?: boolean | undefined;
}

function parsed(words: readonly string[]): { values: Options; positionals: string[] } {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        queue: text,
        reason: text,
        since: text,
        until: text,
        limit: text,
        all: flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message} (--help lists the options.)`);
  }
}

function filtersOf({ queue, reason, since, until }: Options, now: number): Parameter[] {
  const filters: Parameter[] = [];
  if (queue !== undefined) filters.push(['Queue', queue]);
  if (reason !== undefined) filters.push(['Reason', reason]);
  if (since !== undefined) filters.push(['DateCreatedAfter', instant(since, '--since', now)]);
  if (until !== undefined) filters.push(['DateCreatedBefore', instant(until, '--until', now)]);
  const empty = filters.find(([, value]) => value === '');
  if (empty) throw new UsageError(`An option has no value: ${empty[0] === 'Queue' ? '--queue' : '--reason'}.`);
  return filters;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function instant(text: string, option: string, now: number): string {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const at = amount && unit ? now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`${option} takes a date, or how long ago such as 12h, not "${text}".`);
  return new Date(at).toISOString();
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit takes a whole number above 0, not "${text}".`);
  return Number(text);
}

function sidOf(text: string): string {
  if (!SID.test(text)) throw new UsageError(`"${text}" is not the SID of a dead letter: DL and 32 hexadecimal digits.`);
  return text;
}
