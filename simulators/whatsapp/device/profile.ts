import type { JsonObject } from '../shape.ts';

/** What an installation shows of its business, and the certificates uploaded to it. */
export class Profile {
  about = '';
  photo: { type: string; content: Buffer } | undefined;
  business: JsonObject = {};
  /** Credentials for media links, by name. */
  mediaProviders: JsonObject[] = [];
  /** PEM texts. The webhook CA is read by a coreapp when it starts. */
  webhookAuthority: string | undefined;
  externalAuthority: string | undefined;
}
