import { ApiError } from '../http/errors.ts';
import { header } from '../http/router.ts';
import { array, object, optional, string } from '../shape.ts';
import { type ApiRoute, DONE, readBody, route } from './handler.ts';

const aboutBody = object({ text: string({ min: 0, max: 139 }) });
const businessBody = object({
  address: optional(string({ min: 0, max: 256 })),
  description: optional(string({ min: 0, max: 256 })),
  email: optional(string({ min: 0, max: 128 })),
  vertical: optional(string({ min: 0, max: 128 })),
  websites: optional(array(string({ max: 256 }), { max: 2 })),
});

export const profileRoutes: ApiRoute[] = [
  route('GET', '/v1/settings/profile/about', 'user', ({ device }) => {
    return { status: 200, json: { settings: { profile: { about: { text: device.profile.about } } } } };
  }),
  route('PATCH', '/v1/settings/profile/about', 'user', ({ device, request }) => {
    device.profile.about = readBody(request, aboutBody).text;
    return DONE;
  }),
  route('GET', '/v1/settings/profile/photo', 'user', ({ device, request }) => {
    const { photo } = device.profile;
    if (photo === undefined) throw new ApiError(1006, 'There is no photo.');
    if (request.query.get('format') !== 'link') return { status: 200, bytes: photo };
    const link = `https://pps.whatsapp.example/${device.number ?? 'unregistered'}`;
    return { status: 200, json: { settings: { profile: { photo: { link } } } } };
  }),
  route('POST', '/v1/settings/profile/photo', 'user', ({ device, request }) => {
    const type = header(request, 'content-type') ?? '';
    if (!/^image\/(jpeg|png)$/.test(type)) throw new ApiError(1009, 'Content-Type: must be image/jpeg or image/png');
    if (request.body.length === 0) throw new ApiError(1008, 'The photo is missing.');
    device.profile.photo = { type, content: request.body };
    return { status: 201, json: {} };
  }),
  route('DELETE', '/v1/settings/profile/photo', 'user', ({ device }) => {
    device.profile.photo = undefined;
    return DONE;
  }),
  route('GET', '/v1/settings/business/profile', 'user', ({ device }) => {
    return { status: 200, json: { settings: { business: { profile: device.profile.business } } } };
  }),
  route('POST', '/v1/settings/business/profile', 'user', ({ device, request }) => {
    device.profile.business = readBody(request, businessBody);
    return DONE;
  }),
];
