import { EvaluationError } from './expressions/evaluator.ts';
import type { Scopes } from './expressions/scope.ts';
import { andThen } from './expressions/settled.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { compileOutbound, type OutboundCase, selectCase } from './outbound.ts';
import { type Part, partRoot, partsOf } from './parts.ts';
import type { CompiledAuth } from './primitives/auth/registry.ts';
import type { ErrorTable } from './primitives/errors.ts';
import type { ChannelSpec } from './spec.ts';
import { stepOf } from './steps.ts';
import {
  type Channel,
  type HttpRequest,
  type MessagePart,
  type OutboundMessage,
  type SenderContext,
  type Session,
  UnsupportedMessageError,
} from './types.ts';

/** What sending takes besides its own part of the spec. */
interface SendingParts {
  complete: (sender: SenderContext) => SenderContext;
  auth: () => CompiledAuth;
  errors: () => ErrorTable;
}

/** How a channel makes requests of messages. */
export function compileSending(
  spec: Pick<ChannelSpec, 'name' | 'limits' | 'outbound'>,
  scopes: Scopes,
  compiler: TemplateCompiler,
  { complete, auth, errors }: SendingParts,
): Pick<Channel, 'supports' | 'plan' | 'render'> {
  const cases = compiler.later(() => compileOutbound(spec.outbound, ['outbound'], scopes, compiler));

  const cut = async (message: OutboundMessage, sender: SenderContext): Promise<Part<OutboundCase>[]> => {
    try {
      return await partsOf(message, spec.name, spec.limits.text, (kind, { text, media }) =>
        selectCase(cases(), kind, { message, sender, text, media }),
      );
    } catch (error) {
      throw asRefusal(error, spec.name);
    }
  };

  const plan = async (message: OutboundMessage, given: SenderContext, session?: Session): Promise<MessagePart[]> => {
    const sender = complete(given);
    const parts = await cut(message, sender);
    const { authorize, current } = auth();
    const carried = current ? await current(sender, session) : session;
    const stepParts = { authorize, errors: errors(), encoding: spec.outbound.answer.encoding };
    return parts
      .map(({ case: found, text, media }, index): MessagePart => {
        const roots = { message, text, media, part: partRoot(index, parts.length), sender, session: carried };
        const { steps, build } = found.requests();
        return {
          steps: steps.map((step) => refusing(stepOf(step, roots, stepParts), spec.name)),
          request: (values) => {
            const all = steps.length === 0 ? roots : { ...roots, steps: values };
            return andThen(build(all), (request) => authorize(request, all));
          },
        };
      })
      .map((part) => refusing(part, spec.name));
  };

  return {
    plan,
    render: async (message, sender, session) => {
      const requests: HttpRequest[] = [];
      for (const part of await plan(message, sender, session)) {
        const values: Record<string, unknown> = {};
        for (const step of part.steps) {
          requests.push(await step.request(values));
          values[step.name] = step.placeholder;
        }
        const request = part.request(values);
        requests.push(request instanceof Promise ? await request : request);
      }
      return requests;
    },
    supports: async (message, sender) => {
      try {
        await cut(message, complete(sender));
        return undefined;
      } catch (error) {
        if (error instanceof UnsupportedMessageError) return { what: error.what, reason: error.message };
        throw error;
      }
    },
  };
}

/** The same message fails an expression the same way again, so it is refused and not retried. */
function asRefusal(error: unknown, channel: string): unknown {
  return error instanceof EvaluationError ? new UnsupportedMessageError(`${channel}: ${error.message}`) : error;
}

/** With a request that refuses what its expressions fail on. */
function refusing<Requesting extends Pick<MessagePart, 'request'>>(part: Requesting, channel: string): Requesting {
  const { request } = part;
  part.request = (values) => {
    try {
      const built = request(values);
      return built instanceof Promise ? built.catch((error) => Promise.reject(asRefusal(error, channel))) : built;
    } catch (error) {
      throw asRefusal(error, channel);
    }
  };
  return part;
}
