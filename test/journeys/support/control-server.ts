import { createServer } from 'node:http';
import { close, listen } from '../../../local/listen.ts';
import type { LocalStack } from '../../../local/stack.ts';
import { MessageActions } from './message-actions.ts';
import type { NumberActions } from './number-actions.ts';

/**
 * Lets tests, which run in other processes than the local stack, do what only it can: local.ts is the other end.
 */
export async function startControlServer(
  stack: LocalStack,
  numbers: NumberActions,
): Promise<{ url: string; stop(): Promise<void> }> {
  const messages = new MessageActions(stack);
  const actions: Record<string, (name: string, body: unknown) => unknown> = {
    'GET /items': () => stack.items(),
    'GET /depths': () => stack.queues.depths(),
    'GET /logs': () => stack.logs,
    'GET /secret': (name) => stack.secret(name),
    'POST /redeliver': () => stack.queues.redeliver(),
    'POST /kill': (name) => stack.functions.kill(name),
    'POST /invoke': (name, event) => stack.functions.invoke(name, event),
    'POST /tick': (name) => stack.schedules.tick(name),
    'POST /storeUnqueued': (like) => messages.storeUnqueued(like),
    'POST /comeDue': (sid) => messages.comeDue(sid),
    'GET /resources': () => stack.fleet.resources(),
    'GET /tasks': (senderSid) => stack.fleet.tasks(senderSid),
    'POST /killTask': (arn) => stack.fleet.kill(arn),
    'POST /scale': (service, count) => numbers.scale(service, count as number),
    'GET /executions': (senderSid) => numbers.executions(senderSid),
    'POST /reached': (senderSid, body) => {
      const { state, times } = body as { state: string; times: number };
      return numbers.reached(senderSid, state, times);
    },
    'POST /over': (senderSid) => numbers.over(senderSid),
    'POST /killDuring': (senderSid, steps) => numbers.killDuring(senderSid, steps as { state: string; name: string }[]),
    'POST /timeOut': (senderSid) => numbers.timeOut(senderSid),
    'POST /age': (senderSid, milliseconds) => numbers.age(senderSid, milliseconds as number),
  };
  const server = createServer(async (request, response) => {
    const [, path = '', name = ''] = /^(\/\w+)\/?(.*)$/.exec(request.url ?? '') ?? [];
    const action = actions[`${request.method} ${path}`];
    try {
      if (!action) throw new Error(`There is no ${request.method} ${request.url}.`);
      const chunks = await request.toArray();
      const body: unknown = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : undefined;
      response.end(JSON.stringify((await action(decodeURIComponent(name), body)) ?? null));
    } catch (error) {
      response.writeHead(500);
      response.end(error instanceof Error ? error.message : String(error));
    }
  });
  const port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      numbers.stop();
      messages.stop();
      await close(server);
    },
  };
}
