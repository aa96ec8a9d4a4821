import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** A `<Message>` of a TwiML answer. */
export interface TwimlMessage {
  body?: string;
  mediaUrls: string[];
  to?: string;
  from?: string;
  statusCallback?: string;
}

/** What an answer to an inbound message asks for; `problem` is Twilio's code and what is wrong with the answer. */
export type Reply = { messages: TwimlMessage[] } | { problem: { code: number; message: string } };

/** The longest TwiML that is read, in bytes, and how many replies one inbound message may get: Twilio's limits. */
const MAX_BYTES = 64 * 1_024;
const MAX_REPLIES = 10;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  // Entities beyond XML's own five are not looked at: nobody may make them expand.
  processEntities: true,
  trimValues: true,
});

/** Reads the answer to an inbound message's webhook: TwiML, plain text, or nothing. */
export function readReply(contentType: string | undefined, body: string): Reply {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (body.trim() === '') return { messages: [] };
  if (Buffer.byteLength(body) > MAX_BYTES) return problem(11750, 'The TwiML is longer than 64 kB.');
  if (type === 'text/plain') return { messages: [{ body, mediaUrls: [] }] };
  if (!['text/xml', 'application/xml', 'text/html'].includes(type)) {
    return problem(12300, `The content type ${type || '(none)'} is neither XML nor plain text.`);
  }
  if (/<!DOCTYPE/i.test(body) || XMLValidator.validate(body) !== true)
    return problem(12100, 'The TwiML is not well-formed XML.');
  const root = (parser.parse(body) as XmlNode[]).find((node) => 'Response' in node);
  if (!root) return problem(12100, 'The TwiML has no <Response>.');
  const messages = children(root, 'Response')
    .filter((node) => 'Message' in node)
    .map(readMessage);
  if (messages.length > MAX_REPLIES) return problem(14109, `The TwiML has more than ${MAX_REPLIES} messages.`);
  return { messages };
}

type XmlNode = Record<string, XmlNode[] | Record<string, string> | string>;

function readMessage(node: XmlNode): TwimlMessage {
  const parts = children(node, 'Message');
  const texts = (name: string) => parts.filter((part) => name in part).map((part) => textOf(children(part, name)));
  const attributes = (node[':@'] ?? {}) as Record<string, string>;
  const body = texts('Body').join('') || textOf(parts);
  return {
    ...(body && { body }),
    mediaUrls: texts('Media'),
    ...(attributes['to'] && { to: attributes['to'] }),
    ...(attributes['from'] && { from: attributes['from'] }),
    ...(attributes['statusCallback'] && { statusCallback: attributes['statusCallback'] }),
  };
}

function children(node: XmlNode, name: string): XmlNode[] {
  const value = node[name];
  return Array.isArray(value) ? value : [];
}

const textOf = (nodes: XmlNode[]): string =>
  nodes
    .map((node) => node['#text'])
    .filter((text) => typeof text === 'string')
    .join('');

const problem = (code: number, message: string): Reply => ({ problem: { code, message } });
