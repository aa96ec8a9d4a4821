/*
 * The smallest media that a contact can send without bringing any: one pixel, or a few bytes with the right start.
 * Enough for everything that looks at types and sizes; nothing here is meant to be played.
 */

const SAMPLES: Record<string, { mimeType: string; base64: string }> = {
  image: {
    mimeType: 'image/png',
    base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
  sticker: { mimeType: 'image/webp', base64: 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==' },
  video: { mimeType: 'video/mp4', base64: 'AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t' },
  audio: { mimeType: 'audio/mpeg', base64: 'SUQzBAAAAAAAAA==' },
  voice: { mimeType: 'audio/ogg; codecs=opus', base64: 'T2dnUwACAAAAAAAAAAA=' },
  document: { mimeType: 'application/pdf', base64: 'JVBERi0xLjQKJSVFT0YK' },
};

/** The sample for a media type of the webhook. */
export function sampleOf(kind: string): { mimeType: string; content: Buffer } {
  const sample = SAMPLES[kind];
  if (sample === undefined) throw new Error(`There is no sample of ${kind}.`);
  return { mimeType: sample.mimeType, content: Buffer.from(sample.base64, 'base64') };
}
