import * as z from 'zod';
import { contentTypeOf } from '../channels/primitives/content-type.ts';
import { type Form, repeated, single } from './form.ts';
import { MESSAGE_PARAMETERS } from './message-parameters.ts';
import { sendAtOf } from './message-schedule.ts';
import { TwilioError } from './twilio-error.ts';
import { type AddressPolicy, checkUrl } from './url-policy.ts';

/** The longest body, in UTF-16 units as Twilio counts: an emoji counts two or more. */
export const MAX_BODY_LENGTH = 1_600;
export const MAX_MEDIA = 10;

/**
 * What a `POST Messages` asks for, checked as far as it can be without knowing any sender.
 * @example { to: 'whatsapp:+15552223333', from: 'whatsapp:+15550001111', body: 'Hi', media: [], unknown: [] }
 */
export interface MessageRequest {
  /** As given, scheme included. */
  to: string;
  from: string;
  /** The text; absent for a location, whose name the body is. */
  body?: string;
  /**
   * `contentType` is what the URL's ending tells: nothing is fetched when a message is accepted. Without it, a channel
   * that must know sends the file as a document.
   */
  media: { url: string; contentType?: string }[];
  location?: { latitude: number; longitude: number; label: string; address?: string };
  statusCallback?: string;
  /** Seconds. */
  validityPeriod?: number;
  /** When it is to be sent, ms since the epoch, however near or far; absent: now. */
  sendAt?: number;
  /** Names of parameters that Twilio does not know either. */
  unknown: string[];
  /** Set for an answer to an inbound message's webhook: its direction is `outbound-reply`. */
  isReply?: true;
}

const validityPeriodSchema = z.coerce.number().int().min(1).max(36_000);
const contentVariablesSchema = z.record(z.string(), z.string());
const contentSidSchema = z.string().regex(/^HX[0-9a-fA-F]{32}$/);
const coordinatesSchema = z.object({
  latitude: z.coerce.number().min(-90).max(90),
  longitude: z.coerce.number().min(-180).max(180),
});

/** Reads the parameters of a `POST Messages`; throws `TwilioError` for the first mistake, in Twilio's order. */
export function parseMessageRequest(form: Form, policy: AddressPolicy): MessageRequest {
  checkUse(form);
  const to = single(form, 'To');
  if (to === undefined) throw new TwilioError(21604, "A 'To' phone number is required.");
  const sendAt = sendAtOf(form);
  const from = sender(form);
  checkContentTemplate(form);

  const given = single(form, 'Body');
  if (given !== undefined && given.length > MAX_BODY_LENGTH) {
    throw new TwilioError(21617, `The concatenated message body exceeds the ${MAX_BODY_LENGTH} character limit.`);
  }
  // White space alone is nothing to send: channels refuse it, much later.
  const body = given?.trim() ? given : undefined;
  const media = mediaItems(form, policy);
  const location = locationOf(form, body, media.length > 0);
  if (body === undefined && media.length === 0) throw new TwilioError(21602, 'Message body is required.');
  const validityPeriod = validity(form);
  const statusCallback = callback(form, policy);
  const unknown = [...form.keys()].filter((name) => !Object.hasOwn(MESSAGE_PARAMETERS, name));
  return {
    to,
    from,
    ...(body !== undefined && !location && { body }),
    media,
    ...(location && { location }),
    ...(statusCallback !== undefined && { statusCallback }),
    ...(validityPeriod !== undefined && { validityPeriod }),
    ...(sendAt !== undefined && { sendAt }),
    unknown,
  };
}

/** Refuses what would silently not happen, and repetitions of what can be said only once. */
function checkUse(form: Form): void {
  for (const [name, parameter] of Object.entries(MESSAGE_PARAMETERS)) {
    if (parameter.use === 'used' && parameter.repeatable) continue;
    const value = single(form, name);
    if (parameter.use !== 'refused' || value === undefined || parameter.harmless?.includes(value)) continue;
    throw new TwilioError(20422, `The parameter '${name}' is not supported with this value: ${parameter.why}.`);
  }
}

function sender(form: Form): string {
  const from = single(form, 'From');
  const service = single(form, 'MessagingServiceSid') ?? (from?.startsWith('MG') ? from : undefined);
  if (from === undefined && service === undefined) {
    throw new TwilioError(21603, "A 'From' phone number is required.");
  }
  if (single(form, 'FallbackFrom') !== undefined && service === undefined) {
    throw new TwilioError(21664, "The 'FallbackFrom' parameter needs a Messaging Service.");
  }
  if (from === undefined || service !== undefined) {
    throw new TwilioError(21705, `The Messaging Service Sid ${service} is invalid.`);
  }
  return from;
}

// No content templates exist here, so a well-formed ContentSid names nothing either.
function checkContentTemplate(form: Form): void {
  const sid = single(form, 'ContentSid');
  const variables = single(form, 'ContentVariables');
  if (sid === undefined && variables === undefined) return;
  if (sid === undefined && single(form, 'Body') !== undefined) {
    throw new TwilioError(35127, "The 'Body' and 'ContentVariables' parameters cannot be used together.");
  }
  if (sid === undefined) throw new TwilioError(21654, "The 'ContentVariables' parameter requires a 'ContentSid'.");
  const wellFormed = contentSidSchema.safeParse(sid).success;
  if (wellFormed && variables !== undefined && !contentVariablesSchema.safeParse(jsonOf(variables)).success) {
    throw new TwilioError(21656, 'The ContentVariables parameter is invalid: it must be a JSON object of strings.');
  }
  throw new TwilioError(21655, `The ContentSid ${sid} is invalid.`);
}

function mediaItems(form: Form, policy: AddressPolicy): MessageRequest['media'] {
  const urls = repeated(form, 'MediaUrl');
  if (urls.length > MAX_MEDIA) {
    throw new TwilioError(21623, `Number of media files exceeds allowed limit of ${MAX_MEDIA}.`);
  }
  return urls.map((url) => {
    const problem = checkUrl(url, policy);
    if (problem) throw new TwilioError(21620, `Invalid media URL(s): ${shown(url)} ${problem.message}.`);
    const contentType = contentTypeOf(url);
    return { url, ...(contentType !== undefined && { contentType }) };
  });
}

/** `geo:<latitude>,<longitude>|<address>`; the place's name is the message's body. */
function locationOf(form: Form, name: string | undefined, hasMedia: boolean): MessageRequest['location'] {
  const actions = repeated(form, 'PersistentAction');
  const [action] = actions;
  if (action === undefined) return undefined;
  const [, latitude, longitude, address] = /^geo:([-+.\d]+),([-+.\d]+)(?:\|(.*))?$/s.exec(action) ?? [];
  const coordinates = coordinatesSchema.safeParse({ latitude, longitude });
  if (!coordinates.success || actions.length > 1) {
    throw new TwilioError(20422, "The 'PersistentAction' parameter must be one 'geo:<latitude>,<longitude>|<label>'.");
  }
  if (hasMedia)
    throw new TwilioError(20422, "A 'PersistentAction' location cannot be sent together with a 'MediaUrl'.");
  if (name === undefined) throw new TwilioError(21602, 'Message body is required: it is the name of the location.');
  return { ...coordinates.data, label: name, ...(address && { address }) };
}

function validity(form: Form): number | undefined {
  const text = single(form, 'ValidityPeriod');
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? validityPeriodSchema.safeParse(text) : undefined;
  if (!seconds?.success) throw new TwilioError(21624, "The 'ValidityPeriod' must be an integer from 1 to 36000.");
  return seconds.data;
}

function callback(form: Form, policy: AddressPolicy): string | undefined {
  const url = single(form, 'StatusCallback');
  const problem = url === undefined ? undefined : checkUrl(url, policy);
  if (url === undefined || !problem) return url;
  throw new TwilioError(21609, `The StatusCallback URL ${shown(url)} is not a valid URL: it ${problem.message}.`);
}

/** A URL short enough for an error message, without the user and password it may hold. */
function shown(url: string): string {
  const safe = url.replace(/\/\/[^/?#]*@/, '//***@');
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
