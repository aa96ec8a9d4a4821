import type { Emulators, Made } from './resources/emulators.ts';
import { fleetHandlers } from './resources/fleet.ts';
import { functionHandlers } from './resources/functions.ts';
import { httpApiHandlers } from './resources/http-api.ts';
import { storageHandlers } from './resources/storage.ts';
import type { Handler } from './template/provision.ts';

/** How each type of resource is made; what it makes it puts down in `made`. */
export function resourceHandlers(emulators: Emulators, made: Made): Record<string, Handler> {
  return {
    ...storageHandlers(emulators, made),
    ...functionHandlers(emulators, made),
    ...httpApiHandlers(emulators, made),
    ...fleetHandlers(emulators, made),
  };
}
