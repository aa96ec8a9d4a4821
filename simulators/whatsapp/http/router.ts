/** A request, read completely. `path` is below the device's base path (`/v1/messages`), `parameters` come from the pattern. */
export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  parameters: Record<string, string>;
}

/** What to send back. `json` gets the container's `meta`; `bytes` are sent as they are. Neither: an empty body. */
export interface Answer {
  status: number;
  json?: Record<string, unknown>;
  bytes?: { type: string; content: Buffer };
}

export interface Route<Handler> {
  method: string;
  /** Segments in braces match anything but a slash: `/v1/media/{id}`. */
  pattern: string;
  handler: Handler;
}

/** Finds the first route for a method and path. */
export class Router<Handler> {
  readonly #routes: { method: string; segments: string[]; handler: Handler }[];

  constructor(routes: readonly Route<Handler>[]) {
    this.#routes = routes.map(({ method, pattern, handler }) => ({ method, segments: pattern.split('/'), handler }));
  }

  find(method: string, path: string): { handler: Handler; parameters: Record<string, string> } | undefined {
    const segments = path.length > 1 && path.endsWith('/') ? path.slice(0, -1).split('/') : path.split('/');
    for (const route of this.#routes) {
      if (route.method !== method || route.segments.length !== segments.length) continue;
      const parameters = match(route.segments, segments);
      if (parameters !== undefined) return { handler: route.handler, parameters };
    }
    return undefined;
  }
}

function match(pattern: string[], segments: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const given = segments[index] ?? '';
    if (expected.startsWith('{')) {
      const value = decode(given);
      if (value === undefined || value === '') return undefined;
      parameters[expected.slice(1, -1)] = value;
    } else if (expected !== given) {
      return undefined;
    }
  }
  return parameters;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign names nothing.
    return undefined;
  }
}

/** The body as JSON; undefined when there is none. Throws SyntaxError when it cannot be read. */
export function jsonBody(request: Request): unknown {
  return request.body.length === 0 ? undefined : JSON.parse(request.body.toString('utf8'));
}

export function header(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
