import { createDecipheriv } from 'node:crypto';

/** What came in an envelope cannot be opened, or is not for us. The message says at which step, and never a value. */
export class EnvelopeError extends Error {}

/** PKCS#7 pads to this here, not to AES's own block of 16. */
const BLOCK = 32;
const RANDOM = 16;
const LENGTH = 4;

/**
 * Opens WeChat's envelope: AES-256-CBC, inside it 16 random bytes, the text's length (4 bytes, big-endian), the text, the app id.
 * @param encrypted base64
 * @param encodingKey the `EncodingAESKey` of 43 characters: base64 without its last `=`
 * @throws EnvelopeError when anything in it is not as it must be
 */
export function openWechatEnvelope(encrypted: string, encodingKey: string, appId: string): string {
  const key = Buffer.from(`${encodingKey}=`, 'base64');
  if (!/^[A-Za-z0-9+/]{43}$/.test(encodingKey) || key.length !== 32) {
    throw new EnvelopeError('the key is not 43 characters of base64');
  }
  const plain = unpadded(decrypted(encrypted, key));
  const start = RANDOM + LENGTH;
  if (plain.length < start) throw new EnvelopeError('the content is too short');
  const end = start + plain.readUInt32BE(RANDOM);
  if (end > plain.length) throw new EnvelopeError('the content is shorter than it says');
  if (plain.subarray(end).toString('utf8') !== appId) throw new EnvelopeError('the content is for another app');
  return plain.subarray(start, end).toString('utf8');
}

function decrypted(encrypted: string, key: Buffer): Buffer {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encrypted)) throw new EnvelopeError('the content is not base64');
  // OpenSSL's own unpadding knows blocks of 16 only.
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  try {
    return Buffer.concat([decipher.update(Buffer.from(encrypted, 'base64')), decipher.final()]);
  } catch {
    throw new EnvelopeError('the content is not whole blocks');
  }
}

function unpadded(padded: Buffer): Buffer {
  const length = padded.at(-1) ?? 0;
  const padding = padded.subarray(padded.length - length);
  if (length < 1 || length > BLOCK || length > padded.length || !padding.every((byte) => byte === length)) {
    throw new EnvelopeError('the padding is wrong');
  }
  return padded.subarray(0, padded.length - length);
}
