import { ApiError } from '../http/errors.ts';
import { header } from '../http/router.ts';
import { type ApiRoute, DONE, parameter, route } from './handler.ts';

export const mediaRoutes: ApiRoute[] = [
  route('POST', '/v1/media', 'user', ({ device, request }) => {
    const type = header(request, 'content-type');
    if (type === undefined) throw new ApiError(1008, 'Content-Type: is required');
    if (type.startsWith('multipart/')) throw new ApiError(1009, 'Content-Type: send the raw bytes, not a form');
    if (request.body.length === 0) throw new ApiError(1008, 'The media is missing.');
    const { id } = device.media.upload(type, request.body);
    device.statistics.add('media_uploads', { type: type.split('/')[0] ?? type });
    return { status: 201, json: { media: [{ id }] } };
  }),
  route('GET', '/v1/media/{id}', 'user', ({ device, request }) => {
    const stored = device.media.get(parameter(request, 'id'));
    // The one 404 without a body.
    return stored === undefined ? { status: 404 } : { status: 200, bytes: stored };
  }),
  route('DELETE', '/v1/media/{id}', 'user', ({ device, request }) => {
    return device.media.delete(parameter(request, 'id')) ? DONE : { status: 404 };
  }),
];
