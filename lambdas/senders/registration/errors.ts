/**
 * A step cannot succeed, however often it is repeated: the state machine gives up and undoes what there is.
 * The message, which is for the customer, is two lines: what is wrong, and what to do about it. It holds no secret and no
 * whole phone number, since Step Functions keeps it.
 */
export class RegistrationRefused extends Error {
  override readonly name: string = 'RegistrationRefused';
  readonly problem: string;
  readonly action: string;

  constructor(problem: string, action: string) {
    super(`${problem}\n${action}`);
    this.problem = problem;
    this.action = action;
  }
}

/** A step failed for now: the state machine repeats it. Should that never help, the message is what the customer reads. */
export class TryAgain extends Error {
  override readonly name: string = 'TryAgain';
}

/** Another execution acts for the sender by now, or the sender is gone: this one has nothing to say any more. */
export class Superseded extends RegistrationRefused {
  constructor() {
    super('This execution has been superseded.', 'Nothing is to be done: a later request has taken its place.');
  }
}

/** A provider's words, fit for a log and a customer: one line, not long, phone numbers but for their last two digits. */
export function quoted(words: string): string {
  return words
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\+?\d[\d ().-]{5,}\d/g, (number) => `…${number.slice(-2)}`)
    .trim()
    .slice(0, 300);
}

/** With a full stop at its end. */
export const sentence = (text: string): string => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`);
