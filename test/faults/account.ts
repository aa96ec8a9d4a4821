/** A message that the gateway accepted. */
export interface Accepted {
  sid: string;
  /** The phone that it is for. */
  contact: string;
  /** A word for each of its parts that no other part has, in order. */
  words: readonly string[];
}

/** What the gateway says of a message in the end. */
export interface Outcome {
  status: string;
  errorCode?: number | null;
  timeline: readonly { at: string; event: string; by: string; detail?: unknown }[];
}

/** What is known of a run once everything has come to rest. */
export interface Evidence {
  /** In the order in which they were accepted. */
  accepted: readonly Accepted[];
  /** By SID. */
  outcomes: ReadonlyMap<string, Outcome>;
  /** By contact, the texts that its phone shows, in order of arrival. */
  phones: ReadonlyMap<string, readonly string[]>;
  /** The statuses that callbacks were queued or made for, in order. */
  told(message: Accepted): readonly string[];
  /** Whether the channel may have been asked twice for this part: nobody could know what had become of the first request. */
  mayRepeat(message: Accepted, word: string): boolean;
}

/** What became of every accepted message. */
export interface Account {
  accepted: number;
  once: number;
  /** More than once, where nobody could know. */
  repeated: number;
  /** With an error code. */
  failed: number;
  /** Neither delivered nor failed, each with what is known of it. */
  lost: string[];
  /** More than once, where it should have been known. */
  wronglyRepeated: string[];
  /** With a last status that its customer was not told, or with statuses told in the wrong order. */
  untold: string[];
  /** Contacts whose messages arrived in another order than they were accepted in. */
  outOfOrder: string[];
}

/** Statuses of a message that its channel took. */
const TAKEN = ['sent', 'delivered', 'read'];
/** Statuses of a message that will not be delivered, and of which its customer is told why. */
const FAILED = ['failed', 'undelivered'];

type Verdict = 'once' | 'repeated' | 'failed' | 'lost' | 'wronglyRepeated';

export function accountOf(evidence: Evidence): Account {
  const account: Account = {
    accepted: evidence.accepted.length,
    once: 0,
    repeated: 0,
    failed: 0,
    lost: [],
    wronglyRepeated: [],
    untold: [],
    outOfOrder: contactsOutOfOrder(evidence),
  };
  for (const message of evidence.accepted) {
    const verdict = verdictOn(message, evidence);
    if (verdict === 'lost' || verdict === 'wronglyRepeated') account[verdict].push(story(message, evidence));
    else account[verdict] += 1;
    if (verdict !== 'lost' && !isToldInOrder(message, evidence)) account.untold.push(story(message, evidence));
  }
  return account;
}

function verdictOn(message: Accepted, evidence: Evidence): Verdict {
  const outcome = evidence.outcomes.get(message.sid);
  const counts = message.words.map((word) => timesArrived(message, word, evidence));
  const again = message.words.filter((_, index) => (counts[index] ?? 0) > 1);
  if (again.some((word) => !evidence.mayRepeat(message, word))) return 'wronglyRepeated';
  if (outcome && FAILED.includes(outcome.status) && typeof outcome.errorCode === 'number') return 'failed';
  if (!outcome || !TAKEN.includes(outcome.status) || counts.includes(0)) return 'lost';
  return again.length > 0 ? 'repeated' : 'once';
}

function timesArrived({ contact }: Accepted, word: string, { phones }: Evidence): number {
  return (phones.get(contact) ?? []).filter((text) => text.split(/\s/).includes(word)).length;
}

/** Statuses of a message as they follow each other; those of one line end it. */
const RANKS = [['queued'], ['sending'], ['sent'], ['delivered', 'failed', 'undelivered'], ['read']];
const rankOf = (status: string): number => RANKS.findIndex((statuses) => statuses.includes(status));

function isToldInOrder(message: Accepted, { outcomes, told }: Evidence): boolean {
  const statuses = told(message);
  const isOrdered = statuses.every(
    (status, index) => index === 0 || rankOf(statuses[index - 1] ?? '') <= rankOf(status),
  );
  return isOrdered && statuses.at(-1) === outcomes.get(message.sid)?.status;
}

/** A part that is shown again changes nothing, but none may come before one that was accepted earlier. */
function contactsOutOfOrder({ accepted, phones }: Evidence): string[] {
  const places = new Map(accepted.flatMap(({ words }) => words).map((word, index) => [word, index]));
  return [...phones].flatMap(([contact, texts]) => {
    const seen = texts.flatMap((text) => text.split(/\s/).filter((word) => places.has(word)));
    const isOrdered = seen.every((word, index) => {
      const before = seen[index - 1];
      return before === undefined || (places.get(before) ?? 0) <= (places.get(word) ?? 0);
    });
    return isOrdered ? [] : [`${contact}: ${seen.join(' ')}`];
  });
}

/** All that is known of a message, for whoever has to find out why it was lost. */
function story(message: Accepted, evidence: Evidence): string {
  const outcome = evidence.outcomes.get(message.sid);
  const arrived = message.words.map((word) => `${word} ${timesArrived(message, word, evidence)} times`).join(', ');
  const timeline = outcome?.timeline.map(
    ({ at, event, by, detail }) =>
      `    ${at} ${by.padEnd(8)} ${event} ${detail === undefined ? '' : JSON.stringify(detail)}`,
  );
  const end = outcome ? `${outcome.status}${outcome.errorCode ? ` ${outcome.errorCode}` : ''}` : 'not stored';
  const told = evidence.told(message).join(', ') || 'nothing';
  return [`${message.sid} to ${message.contact}: ${end}; arrived: ${arrived}; told: ${told}`, ...(timeline ?? [])].join(
    '\n',
  );
}

/** @throws with the timelines of those messages that should not have come to this, if there are any */
export function checkAccount(name: string, { lost, wronglyRepeated, untold, outOfOrder }: Account): void {
  const complaints = [
    ...lost.map((text) => `lost: ${text}`),
    ...wronglyRepeated.map((text) => `sent twice: ${text}`),
    ...untold.map((text) => `not told, or in the wrong order: ${text}`),
    ...outOfOrder.map((text) => `out of order: ${text}`),
  ];
  if (complaints.length > 0) throw new Error(`${name}\n${complaints.join('\n')}`);
}

/** One account of several runs. */
export function total(accounts: readonly Account[]): Account {
  const sum = (key: 'accepted' | 'once' | 'repeated' | 'failed') =>
    accounts.reduce((before, account) => before + account[key], 0);
  return {
    accepted: sum('accepted'),
    once: sum('once'),
    repeated: sum('repeated'),
    failed: sum('failed'),
    lost: accounts.flatMap(({ lost }) => lost),
    wronglyRepeated: accounts.flatMap(({ wronglyRepeated }) => wronglyRepeated),
    untold: accounts.flatMap(({ untold }) => untold),
    outOfOrder: accounts.flatMap(({ outOfOrder }) => outOfOrder),
  };
}

/** The accounts as a table for people, one line each. */
export function tableOf(rows: readonly (readonly [name: string, account: Account])[]): string {
  const head = ['', 'accepted', 'once', 'twice, in doubt', 'failed, with reason', 'lost'];
  const lines = rows.map(([name, { accepted, once, repeated, failed, lost }]) =>
    [name, accepted, once, repeated, failed, lost.length].map(String),
  );
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [head, ...lines].map(format).join('\n');
}
