import type { Roots, Scopes } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { decodeAnswer } from './http/answer.ts';
import { isOfHosts } from './http/hosts.ts';
import { compileRequest, MissingValueError } from './http/request.ts';
import type { InboundSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';
import type { Authorize } from './primitives/auth/scheme.ts';
import type { ErrorTable } from './primitives/errors.ts';
import type { DownloadReading, HttpAnswer, HttpRequest, InboundMedia } from './types.ts';

/** How inbound media are fetched; undefined where nothing but a plain GET of their URL is needed. Roots: `sender`, `session`. */
export interface Downloads {
  download: ((media: InboundMedia, roots: Roots) => Promise<HttpRequest>) | undefined;
  downloaded: ((answer: HttpAnswer, roots: Roots) => Promise<DownloadReading>) | undefined;
}

export function compileDownloads(
  spec: InboundSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
  { authorize, errors }: { authorize: Authorize; errors: ErrorTable },
): Downloads {
  const { media, mediaAuth } = spec;
  const build = media && compileRequest(media, [...path, 'media'], scopes.download, compiler);
  const link = compiler.template(media?.link?.url, [...path, 'media', 'link', 'url'], scopes.answer);

  const get = async (url: string, isTheirs: boolean, roots: Roots): Promise<HttpRequest> => {
    const request: HttpRequest = { method: 'GET', url, headers: {} };
    return isTheirs ? authorize(request, roots) : request;
  };
  /** Whether a link leads to the provider: to a host that the spec names, or to where its files are asked for. */
  const isTheirLink = async (url: string, hosts: readonly string[], roots: Roots): Promise<boolean> => {
    if (isOfHosts(url, hosts)) return true;
    // A base URL that is a sender's field may be something else's that stands in for the provider.
    const asked = await build?.({ ...roots, media: { id: '0' } });
    return asked !== undefined && haveSameOrigin(url, asked.url);
  };
  return {
    download:
      build || mediaAuth
        ? async (item, roots) => {
            if (item.id !== undefined && build) {
              const all = { ...roots, media: item };
              return authorize(await build(all), all);
            }
            if (item.url === undefined) throw new MissingValueError('the media item has neither a URL nor a known id');
            return get(item.url, isOfHosts(item.url, mediaAuth?.hosts ?? []), roots);
          }
        : undefined,
    downloaded:
      media &&
      (async (answer, roots) => {
        if (!isData(answer)) return { kind: 'file' };
        const decoded = await decodeAnswer(answer);
        const refusal = await errors.refusal(decoded);
        if (refusal) return refusal;
        const url = await link.run({ answer: decoded });
        // A file may be JSON too: what holds neither an error nor a link is one.
        if (typeof url !== 'string') return { kind: 'file' };
        const hosts = media.link?.hosts;
        const isTheirs = hosts !== undefined && (await isTheirLink(url, hosts, roots));
        return { kind: 'elsewhere', request: await get(url, isTheirs, roots) };
      }),
  };
}

function haveSameOrigin(left: string, right: string): boolean {
  const [one, other] = [URL.parse(left), URL.parse(right)];
  return one !== null && one.origin !== 'null' && one.origin === other?.origin && one.username + one.password === '';
}

const DATA = ['application/json', 'text/json', 'text/javascript', 'text/plain', undefined];

/** Whether an answer may be the provider's words: providers write JSON under several names. */
function isData({ headers, body }: HttpAnswer): boolean {
  return (
    DATA.includes(headers['content-type']?.split(';')[0]?.trim().toLowerCase()) && body.trimStart().startsWith('{')
  );
}
