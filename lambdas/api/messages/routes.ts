import { API_VERSION } from '../../domain/twilio-message.ts';
import type { AddressPolicy } from '../../domain/url-policy.ts';
import type { MediaStore } from '../../platform/media-store.ts';
import type { Resource } from '../http/routing.ts';
import type { AcceptDependencies } from './accept-message.ts';
import { type ChangeDependencies, removeMessage, updateMessage } from './change.ts';
import { createMessage } from './create.ts';
import {
  downloadMedia,
  fetchMedia,
  fetchMessage,
  fetchTimeline,
  listMedia,
  listMessages,
  type ReadDependencies,
} from './read.ts';

export type MessageDependencies = AcceptDependencies &
  ReadDependencies &
  ChangeDependencies & { media: Pick<MediaStore, 'link'> };

/** The Messages resource and what belongs to a message. */
export function messageRoutes(dependencies: MessageDependencies, policy: AddressPolicy): Resource[] {
  const messages = `/${API_VERSION}/Accounts/{accountSid}/Messages`;
  return [
    {
      path: `${messages}.json`,
      methods: { POST: createMessage(dependencies, policy), GET: listMessages(dependencies) },
    },
    {
      path: `${messages}/{messageSid}.json`,
      methods: {
        GET: fetchMessage(dependencies),
        POST: updateMessage(dependencies),
        DELETE: removeMessage(dependencies),
      },
    },
    { path: `${messages}/{messageSid}/Timeline.json`, methods: { GET: fetchTimeline(dependencies) } },
    { path: `${messages}/{messageSid}/Media.json`, methods: { GET: listMedia(dependencies) } },
    { path: `${messages}/{messageSid}/Media/{mediaSid}`, methods: { GET: downloadMedia(dependencies) } },
    { path: `${messages}/{messageSid}/Media/{mediaSid}.json`, methods: { GET: fetchMedia(dependencies) } },
  ];
}
