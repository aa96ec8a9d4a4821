import type { Channel } from '../channels/types.ts';
import type { Sender } from '../domain/sender.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import { type ConnectDependencies, disconnect, logIn } from './connect-sender.ts';

/**
 * Tells a sender's provider that its webhook is no more. As best it can: a provider that is gone, or that does not know the
 * credentials any more, does not keep a sender from being deleted.
 */
export async function disconnectSender(
  sender: Sender,
  channel: Channel,
  dependencies: ConnectDependencies & { secrets: Pick<SenderSecrets, 'get'> },
): Promise<void> {
  try {
    const { secrets, session } = await dependencies.secrets.get(sender.secretId, { fresh: true });
    const context = { address: sender.address, fields: sender.fields, secrets };
    // Asked without a session first: most channels have nothing to be told, and a login for nothing may be refused.
    if ((await channel.disconnect(context, session)).length === 0) return;
    const isUsable = session !== undefined && Date.parse(session.expiresAt) > dependencies.now();
    await disconnect(channel, context, isUsable ? session : await logIn(channel, context, dependencies), dependencies);
  } catch (error) {
    logger.warn('the webhook of a deleted sender could not be taken back', {
      senderSid: sender.sid,
      error: error as Error,
    });
  }
}
