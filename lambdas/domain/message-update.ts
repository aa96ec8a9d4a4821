import type { Form } from './form.ts';
import { TwilioError } from './twilio-error.ts';

/** What a `POST Messages/{sid}` asks for: that the message is not sent, or that its content is forgotten. */
export type MessageUpdate = 'cancel' | 'redact';

/** Reads the parameters of a `POST Messages/{sid}`: `Status=canceled` or an empty `Body`, not both; anything else is 30400. */
export function parseMessageUpdate(form: Form): MessageUpdate {
  const body = form.get('Body');
  const status = form.get('Status');
  if (body && status) throw invalid("give either 'Status' or 'Body', not both");
  if (!body && !status) throw invalid("'Status' or 'Body' is required");
  if ((body ?? status ?? []).length > 1) throw invalid('a parameter is given twice');
  if (body) {
    if (body[0] !== '') throw invalid("a 'Body' can only be emptied");
    return 'redact';
  }
  if (status?.[0] !== 'canceled') throw invalid("'Status' can only become 'canceled'");
  return 'cancel';
}

const invalid = (why: string) => new TwilioError(30400, `Parameters are not valid: ${why}.`);
