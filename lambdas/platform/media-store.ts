import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** How long a link to a media file works, in seconds: time for a slow download to begin. */
const LINK_LIFETIME = 900;

/** Which file: an account's message's media, by their SIDs. */
export interface MediaName {
  accountSid: string;
  messageSid: string;
  mediaSid: string;
}

/** Inbound media in S3, kept until the owner deletes them. */
export class MediaStore {
  readonly #bucket: string;
  // Here rather than with the other clients: only the functions that handle media carry S3 in their bundles.
  // Path-style URLs reach an emulator too, which has no host name per bucket.
  readonly #s3 = new S3Client({ forcePathStyle: true });

  constructor(bucket: string) {
    this.#bucket = bucket;
  }

  async put(name: MediaName, contentType: string, bytes: Buffer): Promise<void> {
    await this.#s3.send(
      new PutObjectCommand({ Bucket: this.#bucket, Key: keyOf(name), Body: bytes, ContentType: contentType }),
    );
  }

  /** Removes a file for good; there need not be one. */
  async delete(name: MediaName): Promise<void> {
    await this.#s3.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: keyOf(name) }));
  }

  /** A URL that anybody may download the file from, for fifteen minutes. */
  link(name: MediaName): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: keyOf(name) });
    return getSignedUrl(this.#s3, command, { expiresIn: LINK_LIFETIME });
  }
}

const keyOf = ({ accountSid, messageSid, mediaSid }: MediaName) => `${accountSid}/${messageSid}/${mediaSid}`;
