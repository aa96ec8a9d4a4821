import { parseMessageUpdate } from '../../domain/message-update.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { toTwilioMessage } from '../../domain/twilio-message.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import { formOf, json, noContent, type ResourceHandler } from '../http/request.ts';
import { type CancelDependencies, cancelMessage } from './cancel-message.ts';
import { findMessage, formatFor } from './find-message.ts';
import { deleteMessage, type ForgetDependencies, redactMessage } from './forget-message.ts';

export type ChangeDependencies = CancelDependencies & ForgetDependencies & { messages: Pick<MessageStore, 'get'> };

/** `POST Messages/{sid}.json` → 200 with the message, canceled (`Status=canceled`) or without its content (`Body=`). */
export function updateMessage(dependencies: ChangeDependencies): ResourceHandler {
  return async (request) => {
    const update = parseMessageUpdate(formOf(request.event));
    const message = await findMessage(request, dependencies, new TwilioError(30404, 'The message was not found.'));
    const change = update === 'cancel' ? cancelMessage : redactMessage;
    const changed = await change(message, dependencies);
    return json(200, toTwilioMessage(changed, await formatFor(changed, dependencies)));
  };
}

/** `DELETE Messages/{sid}.json` → 204. */
export function removeMessage(dependencies: ChangeDependencies): ResourceHandler {
  return async (request) => {
    await deleteMessage(await findMessage(request, dependencies), dependencies);
    return noContent();
  };
}
