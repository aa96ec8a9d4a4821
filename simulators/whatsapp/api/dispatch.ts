import type { Device } from '../device/device.ts';
import type { User } from '../device/users.ts';
import { ApiError, invalidCredentials } from '../http/errors.ts';
import { type Answer, header, type Request, Router } from '../http/router.ts';
import { accountRoutes } from './account.ts';
import { certificateRoutes } from './certificates.ts';
import { contactRoutes } from './contacts.ts';
import type { Access, Endpoint } from './handler.ts';
import { mediaRoutes } from './media.ts';
import { messageRoutes } from './messages.ts';
import { monitoringRoutes } from './monitoring.ts';
import { profileRoutes } from './profile.ts';
import { settingsRoutes } from './settings.ts';
import { userRoutes } from './users.ts';

const router = new Router<Endpoint>([
  ...userRoutes,
  ...accountRoutes,
  ...settingsRoutes,
  ...profileRoutes,
  ...contactRoutes,
  ...messageRoutes,
  ...mediaRoutes,
  ...monitoringRoutes,
  ...certificateRoutes,
]);

/** Answers one request to a device, or throws ApiError. `request.path` is below the device's base path. */
export function dispatch(device: Device, request: Omit<Request, 'parameters'>): Answer {
  if (request.method === 'GET' && request.path === '/') return { status: 200 };
  const sends = request.method === 'POST' && request.path === '/v1/messages';
  if (!(sends ? device.limits.messages : device.limits.others).take()) throw new ApiError(1015);
  const found = router.find(request.method, request.path);
  if (found === undefined) throw new ApiError(1006, 'URL path not found');
  const { handler, parameters } = found;
  const complete = { ...request, parameters };
  const user = authorize(device, complete, handler.access);
  return handler.run({ device, request: complete, user });
}

function authorize(device: Device, request: Request, access: Access): User | undefined {
  if (access === 'anyone') return undefined;
  device.requireDatabase();
  const authorization = header(request, 'authorization');
  const { apiKey } = device.surroundings.settings;
  if (access === 'monitor' && apiKey !== undefined && authorization === `Apikey ${apiKey}`) return undefined;
  const user = device.users.authenticate(authorization);
  if (user === undefined) throw invalidCredentials();
  if (access === 'admin' && user.role !== 'ROLE_ADMIN') throw new ApiError(1005, 'Only the admin may do this.');
  return user;
}
