import { sampleOf } from '../../whatsapp/control/samples.ts';
import type { Contact, PhoneMessage } from '../../whatsapp/network/contact.ts';
import { idLike, newToken } from '../channel/identifiers.ts';
import { type EventValues, eventWebhook } from '../channel/webhooks.ts';
import type { Laboratory } from '../laboratory.ts';
import type { Sender } from './sender.ts';

/** Other words of providers' for a type. */
const SYNONYMS: Record<string, string[]> = { image: ['picture', 'photo'], document: ['file'] };
const MEDIA_TYPES = ['image', 'video', 'audio', 'voice', 'document', 'sticker'];

/** What a contact writes. `type` is `text` unless said otherwise. */
export interface Written {
  type?: string | undefined;
  text?: string | undefined;
  /** Of a button that the contact taps. */
  payload?: string | undefined;
  filename?: string | undefined;
  mimeType?: string | undefined;
  /** The media's bytes in base64; without them a small sample of the type. */
  data?: string | undefined;
  location?:
    | { latitude: number; longitude: number; label?: string | undefined; address?: string | undefined }
    | undefined;
  replyTo?: string | undefined;
  profileName?: string | undefined;
}

type Event = Readonly<Record<string, unknown>>;

/**
 * A contact writes to a sender, which is told by a webhook.
 * @throws NoExampleError when the channel's cases show no such message
 */
export async function write(
  written: Written,
  contact: Contact,
  sender: Sender,
  laboratory: Laboratory,
): Promise<PhoneMessage> {
  const { clock } = laboratory;
  const { type = 'text' } = written;
  const at = new Date(clock.now()).toISOString();
  const file = MEDIA_TYPES.includes(type) ? fileOf(type, written) : undefined;
  const valuesFor = (event: Event): EventValues => withId(event, idLike(String(event['id'] ?? '')));
  const withId = (event: Event, id: string): EventValues => ({
    id,
    from: contact.number,
    to: sender.context.address,
    timestamp: at,
    text: event['button'] === undefined ? (written.text ?? '') : undefined,
    replyTo: written.replyTo,
    profileName: written.profileName,
    location: written.location,
    button: event['button'] === undefined ? undefined : { text: written.text, payload: written.payload },
    media: file && [mediaFor(event, id, file, laboratory)],
  });
  const { webhook, event } = await eventWebhook(sender.played, sender.context, wanted(type, written), valuesFor);
  const id = event.type === 'message' ? event.id : '';
  const shown: PhoneMessage = {
    id,
    direction: 'from-contact',
    device: sender.context.address,
    type,
    ...(written.text !== undefined && { text: written.text }),
    ...(written.replyTo !== undefined && { replyTo: written.replyTo }),
    content: webhook.body,
    at,
  };
  contact.show(shown);
  if (sender.webhookUrl !== undefined) sender.webhooks.send(sender.webhookUrl, webhook);
  return shown;
}

/** Which of the channel's messages is of this type, and has no more in it than was written. */
function wanted(type: string, written: Written): (event: Event) => boolean {
  const isType = (event: Event): boolean => {
    const [item, ...more] = (event['media'] ?? []) as { contentType?: string }[];
    if (MEDIA_TYPES.includes(type)) return item !== undefined && more.length === 0 && isMedia(type, item, event);
    if (item !== undefined) return false;
    if (type === 'location') return event['location'] !== undefined;
    if (type === 'button') return event['button'] !== undefined;
    if (type === 'text') return event['text'] !== undefined && !event['button'] && !event['location'];
    return event['kind'] === type;
  };
  return (event) =>
    event['type'] === 'message' &&
    isType(event) &&
    // A caption may be empty, but one that was written needs a place.
    (written.text === undefined || event['text'] !== undefined || event['button'] !== undefined) &&
    (event['replyTo'] !== undefined) === (written.replyTo !== undefined);
}

function isMedia(type: string, { contentType }: { contentType?: string }, { kind }: Event): boolean {
  if (kind === type || SYNONYMS[type]?.includes(String(kind))) return true;
  const [family = ''] = (contentType ?? '').split('/');
  return type === 'document' ? family === 'application' : family === type && kind !== 'voice' && kind !== 'sticker';
}

interface File {
  contentType: string;
  content: Buffer;
  filename: string | undefined;
}

function fileOf(type: string, { data, mimeType, filename }: Written): File {
  const sample = sampleOf(type);
  return {
    contentType: mimeType ?? sample.mimeType,
    content: data === undefined ? sample.content : Buffer.from(data, 'base64'),
    filename,
  };
}

/** Keeps a file, and says of it what the example's event does: an id, or where it is. */
function mediaFor(event: Event, messageId: string, file: File, { media, url }: Laboratory) {
  const [sample] = (event['media'] ?? []) as { id?: string; url?: string }[];
  const { contentType, filename } = file;
  const about = { contentType, ...(filename !== undefined && { filename }) };
  if (sample?.id !== undefined) {
    // Some name a file by its message.
    const id = sample.id === event['id'] ? messageId : idLike(sample.id);
    media.set(id, file);
    return { ...about, id };
  }
  const id = newToken();
  media.set(id, file);
  return { ...about, url: `${url()}/media/${id}` };
}
