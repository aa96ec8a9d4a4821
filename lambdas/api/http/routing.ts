import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { notFound, TwilioError } from '../../domain/twilio-error.ts';
import type { ApiEvent, ResourceHandler } from './request.ts';

type Method = 'GET' | 'POST' | 'DELETE';

/** One resource: its path, with `{name}` for a SID, and what each method does. */
export interface Resource {
  path: string;
  methods: Partial<Record<Method, ResourceHandler>>;
}

/**
 * Finds the handler for a request. An unknown path is 404 (20404) and a method that a path lacks 405 (20004), to
 * anybody: which paths exist is no secret, so this comes before authentication.
 */
export function routing(resources: readonly Resource[]): MiddlewareObj<ApiEvent, APIGatewayProxyStructuredResultV2> {
  const compiled = resources.map(({ path, methods }) => ({ path, pattern: patternOf(path), methods }));
  return {
    before({ event }) {
      const match = compiled
        .map(({ path, pattern, methods }) => ({ path, found: pattern.exec(event.rawPath), methods }))
        .find(({ found }) => found !== null);
      if (!match) throw notFound(event.rawPath);
      event.resource = match.path;
      const method = event.requestContext.http.method.toUpperCase();
      const handle = Object.entries(match.methods).find(([name]) => name === method)?.[1];
      if (!handle) throw new TwilioError(20004, 'Method not allowed');
      event.handle = handle;
      event.parameters = { ...match.found?.groups };
    },
  };
}

function patternOf(path: string): RegExp {
  const pattern = path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[A-Za-z0-9]+)');
  return new RegExp(`^${pattern}$`);
}
