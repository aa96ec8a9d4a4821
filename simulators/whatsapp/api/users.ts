import { ApiError, invalidCredentials } from '../http/errors.ts';
import { header, type Request } from '../http/router.ts';
import { object, optional, string } from '../shape.ts';
import { type ApiRoute, type Call, DONE, parameter, readBody, route } from './handler.ts';

const username = string({ min: 4, max: 32 });
const loginBody = object({ new_password: optional(string()) });
const userBody = object({ username, password: string() });
const passwordBody = object({ password: string() });

function authorization(request: Request): string | undefined {
  return header(request, 'authorization');
}

/** Users may change themselves; the admin may change all. */
function requireSelfOrAdmin({ user, request }: Call): string {
  const name = parameter(request, 'username');
  if (user?.role !== 'ROLE_ADMIN' && user?.username !== name) throw new ApiError(1005, 'Only the admin may do this.');
  return name;
}

export const userRoutes: ApiRoute[] = [
  route('POST', '/v1/users/login', 'anyone', ({ device, request }) => {
    device.requireDatabase();
    if (authorization(request) === undefined) throw invalidCredentials();
    const { new_password: newPassword } = readBody(request, loginBody);
    return { status: 200, json: { users: [device.users.login(authorization(request), newPassword)] } };
  }),
  route('POST', '/v1/users/logout', 'user', ({ device, request }) => {
    device.users.logout(authorization(request));
    return DONE;
  }),
  route('POST', '/v1/users', 'admin', ({ device, request }) => {
    const { username: name, password } = readBody(request, userBody);
    device.users.create(name, password);
    return { status: 201, json: { users: [{ username: name }] } };
  }),
  route('GET', '/v1/users/{username}', 'user', ({ device, request }) => {
    const { username: name, role } = device.users.get(parameter(request, 'username'));
    return { status: 200, json: { users: [{ username: name, ROLES: role }] } };
  }),
  route('PUT', '/v1/users/{username}', 'user', (call) => {
    const name = requireSelfOrAdmin(call);
    call.device.users.changePassword(name, readBody(call.request, passwordBody).password);
    return { status: 200, json: { users: [{ username: name }] } };
  }),
  route('DELETE', '/v1/users/{username}', 'admin', ({ device, request }) => {
    device.users.delete(parameter(request, 'username'));
    return DONE;
  }),
];
