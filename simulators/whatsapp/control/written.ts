import type { InboundMedia, Written } from '../device/inbox.ts';
import {
  anyObject,
  array,
  boolean,
  type Check,
  type Checked,
  invalid,
  type JsonObject,
  number,
  object,
  oneOf,
  optional,
  string,
} from '../shape.ts';
import { sampleOf } from './samples.ts';

const MEDIA_TYPES = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const;

const choice = object({ id: string(), title: string(), description: optional(string({ min: 0 })) });

const shape = object({
  /** Number of the device written to; without it the first one. */
  to: optional(string()),
  type: optional(oneOf('text', ...MEDIA_TYPES, 'location', 'button', 'interactive', 'contacts', 'reaction')),
  /** The body of a text; what a button says. */
  text: optional(string()),
  /** What a template's quick-reply button carries. */
  payload: optional(string({ min: 0 })),
  caption: optional(string({ min: 0 })),
  filename: optional(string()),
  mimeType: optional(string()),
  /** The media's bytes in base64; without them a small sample of the type. */
  data: optional(string()),
  location: optional(
    object({
      latitude: number({ min: -90, max: 90 }),
      longitude: number({ min: -180, max: 180 }),
      name: optional(string()),
      address: optional(string()),
      url: optional(string()),
    }),
  ),
  interactive: optional(
    object({
      type: oneOf('button_reply', 'list_reply'),
      button_reply: optional(choice),
      list_reply: optional(choice),
    }),
  ),
  contacts: optional(array(anyObject, { min: 1 })),
  reaction: optional(object({ message_id: string(), emoji: string({ min: 0 }) })),
  /** Id of the message that this one answers. */
  replyTo: optional(string()),
  forwarded: optional(boolean),
  profileName: optional(string()),
});
type Given = Checked<typeof shape>;

interface Reading {
  to: string | undefined;
  profileName: string | undefined;
  replyTo: string | undefined;
  written: Written;
  media: InboundMedia | undefined;
}

/** What a contact writes, from the control API's form into the webhook's. */
export const readWritten: Check<Reading> = (value, path) => {
  const given = shape(value, path);
  const { to, profileName, replyTo, type = 'text' } = given;
  const media = MEDIA_TYPES.some((kind) => kind === type) ? mediaOf(type, given) : undefined;
  const content = media === undefined ? contentOf(type, given) : descriptionOf(given);
  const context = given.forwarded === true ? { context: { forwarded: true } } : {};
  return { to, profileName, replyTo, written: { type, ...context, [type]: content }, media };
};

function contentOf(type: NonNullable<Given['type']>, given: Given): unknown {
  switch (type) {
    case 'text':
      return { body: needed(given.text, 'text') };
    case 'button':
      return { text: needed(given.text, 'text'), payload: given.payload ?? null };
    case 'interactive': {
      const interactive = needed(given.interactive, 'interactive');
      needed(interactive[interactive.type], `interactive.${interactive.type}`);
      return interactive;
    }
    case 'location':
      return needed(given.location, 'location');
    case 'contacts':
      return needed(given.contacts, 'contacts');
    case 'reaction':
      return needed(given.reaction, 'reaction');
    default:
      throw new Error(`${type} is media.`);
  }
}

function descriptionOf({ caption, filename }: Given): JsonObject {
  return { ...(caption === undefined ? {} : { caption }), ...(filename === undefined ? {} : { filename }) };
}

function mediaOf(kind: string, { data, mimeType }: Given): InboundMedia {
  const sample = sampleOf(kind);
  const content = data === undefined ? sample.content : Buffer.from(data, 'base64');
  if (content.length === 0) throw invalid('data', 'must be base64');
  return { kind, mimeType: mimeType ?? sample.mimeType, content };
}

function needed<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw invalid(path, 'is required for this type');
  return value;
}
