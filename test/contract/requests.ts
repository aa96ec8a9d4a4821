import type { Channel, HttpRequest, OutboundMessage, SenderContext, Session } from '../../lambdas/channels/types.ts';
import type { RequestCase } from './case-file.ts';

/** A request of a message's plan: its own, or one that a step makes before it. */
export interface PlannedRequest {
  kind: 'message' | 'download' | 'head' | 'request';
  request: HttpRequest;
}

/** Every request of a message, with what its steps gave. */
export async function planned(
  channel: Channel,
  message: OutboundMessage,
  sender: SenderContext,
  session: Session | undefined,
  given: Readonly<Record<string, unknown>> = {},
): Promise<PlannedRequest[]> {
  const requests: PlannedRequest[] = [];
  for (const part of await channel.plan(message, sender, session)) {
    const values: Record<string, unknown> = {};
    for (const step of part.steps) {
      requests.push({ kind: step.kind, request: await step.request(values) });
      values[step.name] = given[step.name] ?? step.placeholder;
    }
    requests.push({ kind: 'message', request: await part.request(values) });
  }
  return requests;
}

/** A request cut down to what a case says about it, its body as data. */
export function comparable(request: HttpRequest, expected: RequestCase | undefined): object {
  const whole: Record<string, unknown> = { ...request, ...(request.body !== undefined && { body: dataOf(request) }) };
  whole['headers'] = withoutSignature(request.headers, expected);
  return expected === undefined
    ? whole
    : Object.fromEntries(Object.entries(whole).filter(([key]) => Object.hasOwn(expected, key)));
}

export function dataOf({ headers, body }: HttpRequest): unknown {
  const isJson = /json/.test(headers['Content-Type'] ?? '');
  return isJson && typeof body === 'string' ? JSON.parse(body) : body;
}

/** The piece of a text that a request carries: its longest string that is in the text, wherever the channel puts it. */
export function pieceOf(text: string, request: HttpRequest): string {
  let longest = '';
  JSON.stringify(dataOf(request), (_key, value: unknown) => {
    if (typeof value === 'string' && value.length > longest.length && text.includes(value)) longest = value;
    return value;
  });
  return longest;
}

const SIGNATURE_HEADERS = ['Authorization', 'X-Amz-Date', 'X-Amz-Security-Token'];

/** A signature over the request is tested where it is made; a case need not repeat it. */
function withoutSignature(headers: Record<string, string>, expected: RequestCase | undefined): Record<string, string> {
  if (!headers['Authorization']?.startsWith('AWS4-')) return headers;
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !SIGNATURE_HEADERS.includes(name) || Object.hasOwn(expected?.headers ?? {}, name),
    ),
  );
}
