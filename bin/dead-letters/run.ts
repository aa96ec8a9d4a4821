import { z } from 'zod';
import { type Command, type Parameter, parseCommand, USAGE, UsageError } from './arguments.ts';
import { findAccess, Gateway, GatewayError } from './gateway.ts';
import { outlineOf, tableOf } from './table.ts';

const PATH = '/v1/DeadLetters';
/** What one request may ask for: a page of a list, SIDs of a selection. */
const MAX_PAGE = 1_000;
/** Refusals that are printed for people; all are counted. */
const MAX_REFUSALS = 20;

export interface Surroundings {
  environment: Readonly<Record<string, string | undefined>>;
  /** Where a local gateway says how it is reached. */
  localFile: string;
  print(line: string): void;
  complain(line: string): void;
  /** Ms since the epoch. */
  now(): number;
}

const letterSchema = z.object({
  sid: z.string(),
  queue: z.string(),
  kind: z.string(),
  reason: z.string(),
  message_sid: z.string().nullable(),
  date_created: z.string(),
});
const pageSchema = z.object({
  dead_letters: z.array(letterSchema.loose()),
  meta: z.object({ next_page_url: z.string().nullable() }),
});
const refusedSchema = z.array(z.object({ sid: z.string(), code: z.number(), message: z.string() }));
const progressSchema = z.object({
  redriven: z.number().default(0),
  already_sent: z.number().default(0),
  dropped: z.number().default(0),
  refused: refusedSchema.default([]),
  next_page_token: z.string().nullable(),
});

/**
 * Lists, shows, redrives and drops dead letters over a gateway's HTTP API.
 * @returns the exit code: 0 all was done; 1 something was not; 2 it was asked for wrongly
 */
export async function runDeadLetters(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { environment, localFile, print, complain, now } = surroundings;
  try {
    const command = parseCommand(words, now());
    if (command.name === 'help') {
      print(USAGE);
      return 0;
    }
    return await run(command, new Gateway(findAccess(environment, localFile)), surroundings);
  } catch (error) {
    if (error instanceof z.ZodError) complain('What answered is no gateway, or one of another version.');
    else if (error instanceof UsageError || error instanceof GatewayError) complain(error.message);
    else throw error;
    return error instanceof UsageError ? 2 : 1;
  }
}

function run(command: Exclude<Command, { name: 'help' }>, gateway: Gateway, output: Surroundings): Promise<number> {
  switch (command.name) {
    case 'list':
      return list(command, gateway, output);
    case 'show':
      return show(command, gateway, output);
    case 'redrive':
    case 'drop':
      return handleMany(command, gateway, output);
  }
}

async function list(
  { filters, limit, json }: Extract<Command, { name: 'list' }>,
  gateway: Gateway,
  { print, complain }: Surroundings,
): Promise<number> {
  const letters: z.infer<typeof pageSchema>['dead_letters'] = [];
  let next: Parameter[] | undefined = [...filters, ['PageSize', String(Math.min(limit, MAX_PAGE))]];
  while (next && letters.length < limit) {
    const { dead_letters, meta } = pageSchema.parse(await gateway.get(PATH, next));
    letters.push(...dead_letters.slice(0, limit - letters.length));
    next = meta.next_page_url === null ? undefined : [...new URL(meta.next_page_url).searchParams];
  }
  if (json) for (const letter of letters) print(JSON.stringify(letter));
  else if (letters.length === 0) complain('There are none.');
  else {
    const rows = letters.map(({ sid, date_created, queue, kind, message_sid, reason }) => [
      sid,
      date_created,
      queue === kind || kind === 'callback' ? queue : `${queue} (${kind})`,
      message_sid ?? '-',
      reason,
    ]);
    for (const line of tableOf(['SID', 'CREATED', 'QUEUE', 'MESSAGE', 'REASON'], rows)) print(line);
    if (next) complain(`These are the newest ${letters.length}; there are more: --limit, or --all.`);
  }
  return 0;
}

async function show(
  { sid, json }: Extract<Command, { name: 'show' }>,
  gateway: Gateway,
  { print }: Surroundings,
): Promise<number> {
  const letter = z.looseObject({}).parse(await gateway.get(`${PATH}/${sid}`));
  const lines = json ? [JSON.stringify(letter)] : outlineOf(letter);
  for (const line of lines) print(line);
  return 0;
}

/** Goes on request by request until all are handled, and says how far it is. */
async function handleMany(
  { name, sids, filters, json }: Extract<Command, { name: 'redrive' | 'drop' }>,
  gateway: Gateway,
  { print, complain }: Surroundings,
): Promise<number> {
  const totals = { redriven: 0, already_sent: 0, dropped: 0, refused: [] as z.infer<typeof refusedSchema> };
  const counts = () =>
    name === 'drop'
      ? { dropped: totals.dropped }
      : { redriven: totals.redriven, already_sent: totals.already_sent, refused: totals.refused };
  const path = `${PATH}/${name === 'drop' ? 'Drop' : 'Redrive'}`;
  try {
    for (const selection of sids.length > 0 ? portionsOf(sids) : [filters]) {
      let token: string | null = null;
      do {
        const form: Parameter[] = token === null ? selection : [...selection, ['PageToken', token]];
        const progress: z.infer<typeof progressSchema> = progressSchema.parse(await gateway.post(path, form));
        totals.redriven += progress.redriven;
        totals.already_sent += progress.already_sent;
        totals.dropped += progress.dropped;
        totals.refused.push(...progress.refused);
        token = progress.next_page_token;
        if (token !== null) complain(`${inWords(name, totals)} so far …`);
      } while (token !== null);
    }
  } catch (error) {
    if (error instanceof GatewayError) complain(`${inWords(name, totals)}, then it stopped. The same command goes on.`);
    throw error;
  }
  if (json) print(JSON.stringify(counts()));
  else {
    print(`${inWords(name, totals)}.`);
    for (const { sid, message } of totals.refused.slice(0, MAX_REFUSALS)) complain(`${sid}: ${message}`);
    const unnamed = totals.refused.length - MAX_REFUSALS;
    if (unnamed > 0) complain(`… and ${unnamed} more; --json names all.`);
  }
  const missing = name === 'drop' && sids.length > 0 && totals.dropped < new Set(sids).size;
  return totals.refused.length > 0 || missing ? 1 : 0;
}

function portionsOf(sids: readonly string[]): Parameter[][] {
  const portions: Parameter[][] = [];
  for (let at = 0; at < sids.length; at += MAX_PAGE) {
    portions.push(sids.slice(at, at + MAX_PAGE).map((sid) => ['Sids', sid]));
  }
  return portions;
}

function inWords(
  name: 'redrive' | 'drop',
  {
    redriven,
    already_sent,
    dropped,
    refused,
  }: { redriven: number; already_sent: number; dropped: number; refused: unknown[] },
): string {
  if (name === 'drop') return `${dropped} dropped`;
  const others = [
    ...(already_sent > 0 ? [`${already_sent} had been sent already`] : []),
    ...(refused.length > 0 ? [`${refused.length} could not be`] : []),
  ];
  return [`${redriven} redriven`, ...others].join(', ');
}
