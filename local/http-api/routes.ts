/** A route of an HTTP API: what it matches, and what it leads to. */
export interface Route<Target> {
  /** As in the template: `ANY /v2/things/{proxy+}`, `GET /v2/things`, `$default`. */
  key: string;
  target: Target;
}

export interface RouteMatch<Target> {
  route: Route<Target>;
  pathParameters: Record<string, string>;
}

/**
 * Finds the route that an HTTP API would take: the one with the most specific path, a fixed segment before `{name}` before
 * `{name+}`; of two with the same path the one that names the method before `ANY`; `$default` when no other matches.
 * @param path decoded, as in `rawPath`
 */
export function matchRoute<Target>(
  routes: readonly Route<Target>[],
  method: string,
  path: string,
): RouteMatch<Target> | undefined {
  let best: { match: RouteMatch<Target>; rank: string } | undefined;
  for (const route of routes) {
    const [routeMethod, pattern] = route.key.split(' ');
    if (route.key === '$default' || pattern === undefined) continue;
    if (routeMethod !== 'ANY' && routeMethod !== method) continue;
    const pathParameters = matchPath(pattern, path);
    if (!pathParameters) continue;
    const rank = rankOf(pattern) + (routeMethod === 'ANY' ? '1' : '0');
    if (!best || rank < best.rank) best = { match: { route, pathParameters }, rank };
  }
  if (best) return best.match;
  const fallback = routes.find(({ key }) => key === '$default');
  return fallback && { route: fallback, pathParameters: {} };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  const segments = path.split('/').slice(1);
  for (const [index, part] of pattern.split('/').slice(1).entries()) {
    const segment = segments[index];
    const greedy = /^\{(.+)\+\}$/.exec(part)?.[1];
    if (greedy !== undefined) {
      const rest = segments.slice(index).join('/');
      return rest === '' ? undefined : { ...parameters, [greedy]: rest };
    }
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (segment === undefined || (name === undefined && segment !== part) || (name !== undefined && segment === '')) {
      return undefined;
    }
    if (name !== undefined) parameters[name] = segment;
  }
  return segments.length === pattern.split('/').length - 1 ? parameters : undefined;
}

/** One digit per segment, so the smaller of two ranks, compared as texts, is the more specific path. */
function rankOf(pattern: string): string {
  const digits = pattern
    .split('/')
    .slice(1)
    .map((part) => (part.endsWith('+}') ? '2' : part.startsWith('{') ? '1' : '0'));
  return digits.join('');
}
