import { type Check, invalid, object, optional, ShapeError, string } from '../shape.ts';

/** What a media message refers to: uploaded media or a link, exactly one. */
export interface MediaReference {
  id?: string | undefined;
  link?: string | undefined;
  caption?: string | undefined;
  filename?: string | undefined;
}

const CAPTION = optional(string({ min: 0, max: 1024 }));

const link: Check<string> = (value, path) => {
  const text = string({ max: 2048 })(value, path);
  const protocol = URL.parse(text)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') throw invalid(path, 'must be an http or https URL');
  return text;
};

const source = { id: optional(string()), link: optional(link), provider: optional(object({ name: string() })) };

function reference<T extends MediaReference>(check: Check<T>): Check<T> {
  return (value, path) => {
    const media = check(value, path);
    if (media.id === undefined && media.link === undefined) throw new ShapeError('missing', path, 'needs id or link');
    if (media.id !== undefined && media.link !== undefined) {
      throw new ShapeError('unexpected', path, 'takes id or link, not both');
    }
    return media;
  };
}

/** The media types that can be sent by themselves, with their own parameters. */
export const MEDIA_CONTENT = {
  image: reference(object({ ...source, caption: CAPTION })),
  video: reference(object({ ...source, caption: CAPTION })),
  audio: reference(object(source)),
  document: reference(object({ ...source, caption: CAPTION, filename: optional(string({ max: 240 })) })),
  sticker: reference(object(source)),
} satisfies Record<string, Check<MediaReference>>;
