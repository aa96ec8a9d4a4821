import type { Answer } from './cases.ts';
import { idLike } from './identifiers.ts';
import type { PlayedChannel } from './played-channel.ts';
import { replaceIn } from './replace.ts';

/*
 * What a provider answers, after the cases: their answers with other ids in them. So an error looks as it does on this
 * channel, and an id stands where the spec looks for it.
 */

/** What a send is answered with, and the id under which its statuses will come. */
export interface Acceptance {
  answer: Answer;
  /** Undefined where the provider gives a message no id, and so never tells what became of it. */
  id: string | undefined;
}

const MADE_BY_US = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Accepts a message.
 * @param kind `template`, `text` …: some providers give ids to templates only
 * @param chosen the id that the sender chose, where it chose one
 */
export function accept({ cases }: PlayedChannel, kind: string, chosen: string | undefined): Acceptance {
  const accepted = cases.interpret.filter(
    ({ answer, outcome }) => outcome.outcome === 'accepted' && answer.status < 300,
  );
  const hasId = ({ answer, outcome }: (typeof accepted)[number]) =>
    outcome.id !== undefined && answer.body.includes(outcome.id);
  const withId = accepted.find(hasId);
  const withoutId = accepted.find((example) => example.outcome.id !== undefined && !hasId(example));
  const example = (kind === 'template' ? withId : withoutId) ?? withId ?? withoutId ?? accepted[0];
  if (!example) return { answer: jsonAnswer(200, {}), id: undefined };
  const sample = example.outcome.id ?? '';
  // An id of the gateway's making is the message's only if it went to the provider.
  const id = MADE_BY_US.test(sample) ? chosen : hasId(example) ? idLike(sample) : undefined;
  const replacements = new Map(id === undefined ? [] : [[sample, id]]);
  return { answer: { ...example.answer, body: replaceIn(example.answer.body, replacements) }, id };
}

/** What a message that was accepted already is answered with, where that is told apart. */
export function repeatedAnswer({ cases }: PlayedChannel): Answer | undefined {
  return cases.interpret.find(({ answer, outcome }) => outcome.outcome === 'accepted' && answer.status === 409)?.answer;
}

/** The channel's error with this code or, where it has none, this HTTP status; without an example only the status. */
export function failedAnswer({ cases }: PlayedChannel, wanted: { code?: string; status: number }): Answer {
  const failures = cases.interpret.filter(({ outcome }) => outcome.outcome === 'failed');
  const example =
    failures.find(({ outcome }) => wanted.code !== undefined && outcome.code === wanted.code) ??
    failures.find(({ answer }) => answer.status === wanted.status);
  return example?.answer ?? { status: wanted.status, headers: {}, body: '' };
}

/** What a request without the right credentials gets. */
export function unprovenAnswer({ cases }: PlayedChannel): Answer {
  const refusals = cases.interpret.filter(({ outcome }) => outcome.class === 'auth');
  const example = refusals.find(({ answer }) => answer.status === 401 && answer.body !== '') ?? refusals[0];
  return example?.answer ?? { status: 401, headers: {}, body: '' };
}

/** What a login is answered with: the cases' answer with another token, or OAuth 2.0's own. */
export function loginAnswer({ cases }: PlayedChannel, token: string, expiresAt: number): Answer {
  const example = cases.login?.answers.find(({ session }) => session !== undefined);
  if (!example?.session) return jsonAnswer(200, { access_token: token, token_type: 'Bearer', expires_in: 3600 });
  const expiry = new Date(expiresAt).toISOString();
  const replacements = new Map([[example.session.token, token]]);
  for (const [sample, value] of sameTimes(example.session.expiresAt, expiry)) replacements.set(sample, value);
  return { ...example.answer, body: replaceIn(example.answer.body, replacements) };
}

/** What a step is answered with: a value for every path that later templates read of it. */
export function stepAnswer({ spec }: PlayedChannel, name: string): Answer {
  const body: Record<string, unknown> = {};
  for (const [, path = ''] of JSON.stringify(spec).matchAll(new RegExp(`steps\\.${name}\\.([\\w.]+)`, 'g'))) {
    setPath(body, path, idLike(''));
  }
  return jsonAnswer(200, body);
}

export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** The same moment in every way that providers write it, before and after: seconds, milliseconds, ISO 8601, with a space. */
export function sameTimes(sample: string, value: string): [string, string][] {
  const forms = (iso: string) => {
    const milliseconds = Date.parse(iso);
    return [
      String(Math.floor(milliseconds / 1000)),
      String(milliseconds),
      iso,
      iso.replace('.000Z', 'Z'),
      iso.replace('T', ' ').replace(/\.\d{3}Z$/, '+00:00'),
    ];
  };
  const after = forms(value);
  return forms(sample).map((form, index) => [form, after[index] ?? value]);
}

/** Puts a value where a path such as `data.id` leads. */
export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const [key = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    target[key] ??= value;
    return;
  }
  target[key] ??= {};
  setPath(target[key] as Record<string, unknown>, rest.join('.'), value);
}
