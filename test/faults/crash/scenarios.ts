import type { Sender } from '../../../lambdas/domain/sender.ts';

/** What is sent, and what goes wrong without any crash. */
export interface Scenario {
  name: string;
  channel: string;
  /** A letter for each message, in order: its contact; a capital one is for a text in two parts. */
  messages: string;
  /** Whether each message has a picture too. */
  hasMedia?: boolean;
  /** Seconds. */
  validityPeriod?: number;
  /** The sender's own rate. */
  rate?: NonNullable<Sender['rate']>;
  /** Rules for the provider, which hit this sender only; see the simulator's control API. */
  faults?: readonly object[];
  /**
   * The session that the sender has at first: none; one that its provider knows nothing of; its last one, which ends soon; or none,
   * until another function has stored one. Default: whatever it has by then.
   */
  session?: 'none' | 'refused' | 'due' | 'elsewhere';
  /** How long another function is renewing the session, in ms. */
  renewingMs?: number;
  /** Whether the provider takes requests without answering: nobody knows then what has become of them. */
  losesAnswers?: boolean;
  /** Whether a status comes from the channel before its answer does. */
  statusComesFirst?: boolean;
  /** Whether the contacts have never written, where that matters. */
  isWindowClosed?: boolean;
  /** Whether the sender is removed once the messages have been accepted. */
  senderLeaves?: boolean;
  /** Whether the queue also holds what is no task. */
  hasPoison?: boolean;
  /** Whether `npm test` runs it too. */
  inShort?: boolean;
  /** Whether to die at every place of it, however many other scenarios pass that place. */
  everyPlace?: boolean;
}

const EVERY_TIME = { action: { httpStatus: 500 } };
const LOST_ANSWER = { count: 1, action: 'dropAfterAccepting' };
const FAILING_LOGIN = { match: { path: '/token' }, count: 1, action: { httpStatus: 500 } };
/** A message in four seconds: what is sent faster than that waits in the table. */
const SLOW = { perSecond: 0.25, burst: 1 };

/** What is sent while functions die. Together they pass every await of `lambdas/outbound/`. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'a plain text', channel: 'messenger', messages: 'a', inShort: true },
  { name: 'two parts', channel: 'instagram', messages: 'Aa', everyPlace: true, inShort: true },
  { name: 'two contacts, in order', channel: 'messenger', messages: 'abaab' },
  { name: 'an error, then no more', channel: 'messenger', messages: 'aa', faults: [{ ...EVERY_TIME, count: 1 }] },
  {
    name: 'too many requests',
    channel: 'whatsapp-cloud',
    messages: 'aa',
    faults: [{ count: 1, action: { httpStatus: 429 } }],
  },
  { name: 'a first login', channel: 'rcs', messages: 'a', session: 'none', inShort: true },
  { name: 'a login that fails at first', channel: 'rcs', messages: 'a', session: 'none', faults: [FAILING_LOGIN] },
  { name: 'a login that another makes', channel: 'rcs', messages: 'a', session: 'none', renewingMs: 3_000 },
  { name: 'a login that another made', channel: 'rcs', messages: 'a', session: 'elsewhere', faults: [FAILING_LOGIN] },
  { name: 'a session that ends soon', channel: 'rcs', messages: 'a', session: 'due' },
  { name: 'a session that is refused', channel: 'wechat', messages: 'a', session: 'refused' },
  {
    name: 'a session that is refused, and a login that fails',
    channel: 'wechat',
    messages: 'a',
    session: 'refused',
    faults: [{ match: { path: '/cgi-bin/stable_token' }, count: 1, action: { httpStatus: 500 } }],
  },
  { name: 'a short session', channel: 'line', messages: 'aa', session: 'none' },
  { name: 'a picture', channel: 'wechat', messages: 'a', hasMedia: true },
  { name: 'rather not than twice', channel: 'viber', messages: 'a', everyPlace: true, inShort: true },
  { name: 'an answer that is lost', channel: 'messenger', messages: 'aa', faults: [LOST_ANSWER], losesAnswers: true },
  {
    name: 'an answer that is lost, rather not than twice',
    channel: 'viber',
    messages: 'aa',
    faults: [LOST_ANSWER],
    losesAnswers: true,
  },
  {
    name: 'a status before its answer',
    channel: 'messenger',
    messages: 'a',
    faults: [{ count: 1, action: { answerDelayMs: 300 } }],
    statusComesFirst: true,
  },
  {
    name: 'errors until it is too late',
    channel: 'messenger',
    messages: 'a',
    validityPeriod: 60,
    faults: [EVERY_TIME],
  },
  { name: 'more than the rate', channel: 'messenger', messages: 'aabab', rate: SLOW, inShort: true },
  {
    name: 'more than the rate, too late',
    channel: 'messenger',
    messages: 'aaaaaaa',
    rate: SLOW,
    validityPeriod: 10,
  },
  {
    name: 'more than the rate, with errors',
    channel: 'messenger',
    messages: 'abcdef',
    rate: SLOW,
    faults: [{ ...EVERY_TIME, count: 8 }],
  },
  { name: 'two parts at a slow rate', channel: 'instagram', messages: 'A', rate: SLOW },
  { name: 'a window that is closed', channel: 'messenger', messages: 'a', isWindowClosed: true },
  {
    name: 'a provider that is down for long',
    channel: 'instagram',
    messages: 'abcdefghijkl',
    faults: [{ ...EVERY_TIME, count: 14 }],
  },
  {
    name: 'an answer that is lost, and a status that tells',
    channel: 'whatsapp-cloud',
    messages: 'aa',
    faults: [LOST_ANSWER],
    losesAnswers: true,
  },
  { name: 'a sender that leaves', channel: 'messenger', messages: 'aa', senderLeaves: true },
  { name: 'what is no task', channel: 'messenger', messages: 'a', hasPoison: true },
];

/** Awaits that no scenario passes, by a piece of their line, each with the reason. */
export const UNREACHED: readonly { code: string; reason: string }[] = [
  {
    code: 'keeper.logIn(channel, context, now, true)',
    reason: 'no provider that is played gives out the token that it has just refused; see insisting.test.ts',
  },
  {
    code: 'await this.#portion(senderSid, 1, rate, name, limitMs)',
    reason: 'a sender must have been given four hours of its rate before',
  },
  {
    code: 'await pause(ms);',
    reason: 'the table must refuse the record of what was sent; the runs on the local stack do that',
  },
];
