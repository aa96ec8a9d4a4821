import { ApiError, checked } from '../http/errors.ts';
import { parseNumber } from '../options.ts';
import { anyObject, boolean, type Check, type JsonObject, numeric, object, oneOf, optional, string } from '../shape.ts';
import type { Version } from '../version.ts';
import { contactsContent } from './contacts.ts';
import { type InteractiveContent, interactiveContent } from './interactive.ts';
import { MEDIA_CONTENT, type MediaReference } from './media.ts';
import { hsmContent, type TemplateContent, templateContent } from './template.ts';

/** A message that passed validation. */
export interface SendRequest {
  /** As the caller wrote it. */
  input: string;
  /** Digits only. */
  to: string;
  type: MessageType;
  content: unknown;
  /** Each with the message type that says what it may be. */
  media: { type: string; reference: MediaReference }[];
  template: TemplateContent | undefined;
  /** What a person would read. */
  text: string | undefined;
  replyTo: string | undefined;
  timeToLiveSeconds: number | undefined;
  opaque: string | undefined;
}

const CONTENT = {
  text: object({ body: string({ max: 4096, tooLong: 'too-long' }) }),
  ...MEDIA_CONTENT,
  location: object({
    // The documentation's own samples write them as strings.
    latitude: numeric({ min: -90, max: 90 }),
    longitude: numeric({ min: -180, max: 180 }),
    name: optional(string({ min: 0, max: 1000 })),
    address: optional(string({ min: 0, max: 1000 })),
  }),
  contacts: contactsContent,
  template: templateContent,
  hsm: hsmContent,
  interactive: interactiveContent,
} satisfies Record<string, Check<unknown>>;
export type MessageType = keyof typeof CONTENT;

const TYPES = Object.keys(CONTENT) as MessageType[];

const common = {
  to: string(),
  type: optional(oneOf(...TYPES)),
  recipient_type: optional(string()),
  preview_url: optional(boolean),
  ttl: optional(numeric({ min: 0, integer: true })),
  context: optional(object({ message_id: string() })),
  biz_opaque_callback_data: optional(string({ max: 512 })),
};

/** Checks a body of `POST /v1/messages` as the container of this version does; throws ApiError. */
export function readSendRequest(body: unknown, version: Version): SendRequest {
  const given = checked(anyObject, body);
  const type = messageType(given, version);
  const request = checked(object({ ...common, [type]: CONTENT[type] }), given) as Common & JsonObject;
  if ((request.recipient_type ?? 'individual') !== 'individual') {
    throw new ApiError(1002, `recipient_type: ${request.recipient_type} is not supported`);
  }
  const content = request[type];
  return {
    input: request.to,
    to: recipient(request.to),
    type,
    content,
    media: mediaOf(type, content),
    template: isTemplate(type) ? (content as TemplateContent) : undefined,
    text: textOf(type, content),
    replyTo: request.context?.message_id,
    timeToLiveSeconds: request.ttl,
    opaque: request.biz_opaque_callback_data,
  };
}

type Common = { [K in keyof typeof common]: ReturnType<(typeof common)[K]> };

function isTemplate(type: MessageType): boolean {
  return type === 'template' || type === 'hsm';
}

function messageType(given: JsonObject, version: Version): MessageType {
  const type = checked(common.type, given['type'], 'type') ?? 'text';
  if (type === 'hsm' && version.atLeast('2.39.0')) throw new ApiError(1009, 'type: hsm was removed in v2.39');
  if (type === 'interactive' && !version.atLeast('2.35.2')) {
    throw new ApiError(1009, 'type: interactive needs v2.35.2');
  }
  return type;
}

function recipient(input: string): string {
  const number = parseNumber(input);
  if (number === undefined) throw new ApiError(1009, 'to: must be a WhatsApp id or a phone number');
  return number;
}

function textOf(type: MessageType, content: unknown): string | undefined {
  const { body, caption, name } = content as { body?: string | { text: string }; caption?: string; name?: string };
  if (type === 'location') return name;
  if (type === 'interactive' && typeof body === 'object') return body.text;
  return type === 'text' && typeof body === 'string' ? body : caption;
}

function mediaOf(type: MessageType, content: unknown): SendRequest['media'] {
  if (type in MEDIA_CONTENT) return [{ type, reference: content as MediaReference }];
  const { components = [] } = isTemplate(type) ? (content as TemplateContent) : {};
  const { header } = type === 'interactive' ? (content as InteractiveContent) : {};
  const holders = [...components.flatMap(({ parameters = [] }) => parameters), ...(header ? [header] : [])];
  return holders.flatMap((holder) => {
    const reference = holder.image ?? holder.video ?? holder.document;
    return reference === undefined ? [] : [{ type: holder.type, reference }];
  });
}
