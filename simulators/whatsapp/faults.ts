import { codeOfStatus, type ErrorEntry, errorEntry } from './http/errors.ts';
import { seededRandom } from './random.ts';
import { array, boolean, type Check, type Checked, invalid, number, object, oneOf, optional, string } from './shape.ts';

const WEBHOOK_ACTIONS = ['duplicateWebhooks', 'reorderWebhooks'] as const;
const SWITCHES = ['dropAfterAccepting', 'down', ...WEBHOOK_ACTIONS] as const;

const actionObject = object({
  /** Wait before the request is looked at. */
  delayMs: optional(number({ min: 0, max: 3_600_000 })),
  /** Answer with this status instead of doing anything. Without it and with `errorCode`: 200 with an `errors` array. */
  httpStatus: optional(number({ min: 200, max: 599, integer: true })),
  errorCode: optional(number({ integer: true })),
  title: optional(string()),
  details: optional(string()),
  /** Do what was asked at once, and answer so much later: what follows from it may be told before the answer. */
  answerDelayMs: optional(number({ min: 0, max: 3_600_000 })),
  /** Do what was asked, then close the socket without an answer. */
  dropAfterAccepting: optional(boolean),
  /** Close the socket at once. */
  down: optional(boolean),
  /** Post a webhook twice. */
  duplicateWebhooks: optional(boolean),
  /** Hold a webhook back until the device's next one has been posted (or a second has passed). */
  reorderWebhooks: optional(boolean),
  /** Post a webhook so much later. */
  delayWebhooksMs: optional(number({ min: 1, max: 3_600_000 })),
});
type Action = Checked<typeof actionObject>;

/** `{ "down": true }`, or the short form `"down"`. */
const action: Check<Action> = (value, path) => {
  if (typeof value === 'string') return actionObject({ [oneOf(...SWITCHES)(value, path)]: true }, path);
  const checked = actionObject(value, path);
  if (Object.keys(checked).length === 0) throw invalid(path, 'names no fault');
  return checked;
};

const ruleShape = object({
  match: optional(
    object({
      /** Prefix of the path below the device, `/v1/messages`. */
      path: optional(string({ pattern: /^\//, expected: 'a path that starts with a slash' })),
      method: optional(string()),
      /** A device's number. */
      device: optional(string()),
    }),
  ),
  /** How many requests it hits; without it, all until the faults are cleared. */
  count: optional(number({ min: 1, integer: true })),
  /** The share of matching requests that it hits, drawn from a sequence that depends on `seed` only. */
  share: optional(number({ min: 0, max: 1 })),
  seed: optional(number({ integer: true })),
  action,
});
type RuleInput = Checked<typeof ruleShape>;

/** One rule, or several at once. */
export const faultRules: Check<RuleInput[]> = (value, path) => {
  const rules = Array.isArray(value) ? array(ruleShape, { min: 1 })(value, path) : [ruleShape(value, path)];
  for (const rule of rules) {
    if (isWebhookFault(rule) && (rule.match?.path !== undefined || rule.match?.method !== undefined)) {
      throw invalid('match', 'a webhook fault can match by device only');
    }
  }
  return rules;
};

function isWebhookFault(rule: RuleInput): boolean {
  return rule.action.delayWebhooksMs !== undefined || WEBHOOK_ACTIONS.some((name) => rule.action[name] === true);
}

interface Rule {
  id: number;
  input: RuleInput;
  seen: number;
  hits: number;
  random: () => number;
}

/** What the rules do to one request. */
export interface RequestFault {
  delayMs: number;
  answerDelayMs: number;
  down: boolean;
  dropAfterAccepting: boolean;
  answer: { status: number; error: ErrorEntry } | undefined;
}

export interface WebhookFault {
  duplicate: boolean;
  reorder: boolean;
  delayMs: number;
}

/** The faults that a test asked for. Rules apply in the order given; each counts its own hits. */
export class Faults {
  #rules: Rule[] = [];
  #nextId = 1;

  add(inputs: RuleInput[]): void {
    for (const input of inputs) {
      this.#rules.push({ id: this.#nextId, input, seen: 0, hits: 0, random: seededRandom(input.seed ?? 1) });
      this.#nextId += 1;
    }
  }

  /** Forgets all rules, or those that name a device. */
  clear(device?: string): void {
    this.#rules = device === undefined ? [] : this.#rules.filter(({ input }) => input.match?.device !== device);
  }

  list(): Record<string, unknown>[] {
    return this.#rules.map(({ id, input, seen, hits }) => ({ id, ...input, seen, hits }));
  }

  forRequest(request: { path: string; method: string; device: string | undefined }): RequestFault {
    const fault: RequestFault = {
      delayMs: 0,
      answerDelayMs: 0,
      down: false,
      dropAfterAccepting: false,
      answer: undefined,
    };
    for (const rule of this.#rules) {
      if (isWebhookFault(rule.input)) continue;
      const { path = '', method, device } = rule.input.match ?? {};
      if (!request.path.startsWith(path)) continue;
      if (method !== undefined && method.toUpperCase() !== request.method) continue;
      if (device !== undefined && device !== request.device) continue;
      if (!hit(rule)) continue;
      const { action } = rule.input;
      fault.delayMs += action.delayMs ?? 0;
      fault.answerDelayMs += action.answerDelayMs ?? 0;
      fault.down ||= action.down === true;
      fault.dropAfterAccepting ||= action.dropAfterAccepting === true;
      fault.answer ??= answerOf(action);
    }
    return fault;
  }

  forWebhook(device: string | undefined): WebhookFault {
    const fault: WebhookFault = { duplicate: false, reorder: false, delayMs: 0 };
    for (const rule of this.#rules) {
      if (!isWebhookFault(rule.input)) continue;
      const wanted = rule.input.match?.device;
      if ((wanted !== undefined && wanted !== device) || !hit(rule)) continue;
      fault.duplicate ||= rule.input.action.duplicateWebhooks === true;
      fault.reorder ||= rule.input.action.reorderWebhooks === true;
      fault.delayMs += rule.input.action.delayWebhooksMs ?? 0;
    }
    return fault;
  }
}

/** Counts a matching request and tells whether the rule strikes it. */
function hit(rule: Rule): boolean {
  const { count, share } = rule.input;
  if (count !== undefined && rule.hits >= count) return false;
  rule.seen += 1;
  if (share !== undefined && rule.random() >= share) return false;
  rule.hits += 1;
  return true;
}

function answerOf(action: Action): RequestFault['answer'] {
  if (action.httpStatus === undefined && action.errorCode === undefined) return undefined;
  const status = action.httpStatus ?? 200;
  const entry = errorEntry(action.errorCode ?? codeOfStatus(status), action.details);
  return { status, error: action.title === undefined ? entry : { ...entry, title: action.title } };
}
