/** What the ending of a URL's path says about the media behind it. */
const BY_ENDING: Record<string, string> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  '3gp': 'video/3gpp',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  amr: 'audio/amr',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  pdf: 'application/pdf',
  txt: 'text/plain',
  csv: 'text/csv',
  vcf: 'text/vcard',
};

/** The last part of a URL's path, decoded: the name that a document would be saved under. */
export function filenameOf(url: string): string | undefined {
  const name = URL.parse(url)?.pathname.split('/').at(-1);
  if (!name) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    // A stray percent sign is not an encoding; the name is then what it looks like.
    return name;
  }
}

/** The content type that a URL's ending stands for, where the customer gave none. */
export function contentTypeOf(url: string): string | undefined {
  const ending = filenameOf(url)?.toLowerCase().split('.').at(-1);
  return ending !== undefined && Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
}

/** Whether a content type is in a list of types and wildcards (`image/*`); parameters (`; codecs=opus`) do not count. */
export function isOfContentType(contentType: string | undefined, accepted: readonly string[]): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined) return false;
  return accepted.some((one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))));
}
