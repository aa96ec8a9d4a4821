import { createHash, randomUUID } from 'node:crypto';
import { ApiError } from '../http/errors.ts';

const MEGABYTE = 1024 * 1024;
/** The largest body that the container takes at all. */
export const UPLOAD_LIMIT = 100 * MEGABYTE;

export interface StoredMedia {
  id: string;
  type: string;
  content: Buffer;
  sha256: string;
}

/** What each message type takes: its MIME types (all, when there is no list) and largest size in bytes. */
const KINDS: Record<string, { types?: string[]; limit: number }> = {
  image: { types: ['image/jpeg', 'image/png'], limit: 5 * MEGABYTE },
  video: { types: ['video/mp4', 'video/3gpp'], limit: 16 * MEGABYTE },
  audio: { types: ['audio/aac', 'audio/mp4', 'audio/amr', 'audio/mpeg', 'audio/ogg'], limit: 16 * MEGABYTE },
  sticker: { types: ['image/webp'], limit: 100 * 1024 },
  document: { limit: UPLOAD_LIMIT },
};

function essence(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

/** The media volume of one installation. */
export class MediaStore {
  readonly #media = new Map<string, StoredMedia>();
  /** Set by a test: nothing can be written any more. */
  full = false;

  /** Keeps what a client uploads. Throws ApiError when it is too big for its type or the volume is full. */
  upload(type: string, content: Buffer): StoredMedia {
    if (this.full) throw new ApiError(1014, 'Failed to write to the media volume: no space left on device.');
    const limit = Object.values(KINDS).find(({ types }) => types?.includes(essence(type)))?.limit ?? UPLOAD_LIMIT;
    if (content.length > limit) {
      throw new ApiError(1009, `Media of ${content.length} bytes; at most ${limit} are allowed for ${essence(type)}.`);
    }
    return this.keep(type, content);
  }

  /** Keeps media that the network has let through already. */
  keep(type: string, content: Buffer): StoredMedia {
    const stored = { id: randomUUID(), type, content, sha256: createHash('sha256').update(content).digest('hex') };
    this.#media.set(stored.id, stored);
    return stored;
  }

  get(id: string): StoredMedia | undefined {
    return this.#media.get(id);
  }

  delete(id: string): boolean {
    return this.#media.delete(id);
  }

  /** Throws ApiError unless `id` is uploaded media that a message of this type can carry. */
  requireUsable(id: string, kind: string): void {
    const stored = this.#media.get(id);
    if (stored === undefined) throw new ApiError(1009, `${kind}.id: no such media.`);
    const types = KINDS[kind]?.types;
    if (types !== undefined && !types.includes(essence(stored.type))) {
      throw new ApiError(1009, `${kind}.id: ${essence(stored.type)} cannot be sent as ${kind}.`);
    }
  }
}
