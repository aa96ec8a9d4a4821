import { ApiError } from '../http/errors.ts';
import { anyObject, array, object, oneOf, string } from '../shape.ts';
import { type ApiRoute, DONE, parameter, readBody, route } from './handler.ts';

const provider = object({ name: string(), type: oneOf('www'), config: anyObject });
const providersBody = array(provider, { min: 1 });

export const settingsRoutes: ApiRoute[] = [
  route('GET', '/v1/settings/application', 'admin', ({ device }) => {
    device.requireCore();
    const application = { ...device.application.toJson(), wa_id: device.number };
    return { status: 200, json: { settings: { application } } };
  }),
  route('PATCH', '/v1/settings/application', 'admin', ({ device, request }) => {
    device.requireCore();
    device.application.patch(readBody(request, anyObject));
    device.webhooks.settingsChanged();
    return DONE;
  }),
  route('DELETE', '/v1/settings/application', 'admin', ({ device }) => {
    device.requireCore();
    device.application.reset();
    return DONE;
  }),
  route('GET', '/v1/settings/application/media/providers', 'admin', ({ device }) => {
    const listed = device.profile.mediaProviders;
    return { status: 200, json: { settings: { application: { media: { providers: listed } } } } };
  }),
  route('POST', '/v1/settings/application/media/providers', 'admin', ({ device, request }) => {
    const added = readBody(request, providersBody);
    const kept = device.profile.mediaProviders.filter(({ name }) => !added.some((one) => one.name === name));
    device.profile.mediaProviders = [...kept, ...added];
    return DONE;
  }),
  route('DELETE', '/v1/settings/application/media/providers/{name}', 'admin', ({ device, request }) => {
    const name = parameter(request, 'name');
    const kept = device.profile.mediaProviders.filter((one) => one['name'] !== name);
    if (kept.length === device.profile.mediaProviders.length) throw new ApiError(1006, 'No such provider.');
    device.profile.mediaProviders = kept;
    return DONE;
  }),
];
