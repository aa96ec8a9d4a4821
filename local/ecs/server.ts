import type { Calls } from '../protocol/calls.ts';
import { type RunningServer, serveJson } from '../protocol/json.ts';
import { definitionActions } from './definition-actions.ts';
import type { Ecs } from './ecs.ts';
import { serviceActions } from './service-actions.ts';
import { taskActions } from './task-actions.ts';

/** Serves the calls of ECS that this product makes, and no others. */
export async function serveEcs(ecs: Ecs, calls?: Calls): Promise<RunningServer> {
  const actions = { ...definitionActions(ecs), ...serviceActions(ecs), ...taskActions(ecs) };
  const server = await serveJson({ name: 'ECS', protocol: '1.1', actions, calls });
  return {
    url: server.url,
    async stop() {
      await ecs.stop();
      await server.stop();
    },
  };
}
