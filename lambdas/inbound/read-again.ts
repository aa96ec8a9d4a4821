import type { ChannelEvent, WebhookReading } from '../channels/types.ts';
import type { Sender } from '../domain/sender.ts';
import type { InboundTask, WebhookTask } from '../domain/tasks.ts';
import { toIso } from '../platform/clock.ts';
import { done, type Handled } from '../platform/fifo-batch.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import { buryStray, groupOf, ownerOf, type WebhookDependencies } from './receive-webhook.ts';

export interface ReadAgainDependencies extends Pick<WebhookDependencies, 'channel' | 'bury' | 'now'> {
  senders: Pick<WebhookDependencies['senders'], 'byAddress'>;
  secrets: Pick<SenderSecrets, 'get'>;
  /** Queues an event. */
  postpone(task: InboundTask, queued: { group: string; deduplicationId: string }): Promise<void>;
}

/**
 * Reads a webhook that could not be read when it came, with the channel's spec as it is now, and queues its events. What still
 * cannot be read is a dead letter again.
 * @param key names the entry of the queue, the same when it comes again
 */
export async function readAgain(
  task: WebhookTask,
  sender: Sender,
  key: string,
  dependencies: ReadAgainDependencies,
): Promise<Handled> {
  const { bury, now } = dependencies;
  const reading = await readingOf(task, sender, dependencies);
  switch (reading.kind) {
    case 'handshake':
      return done;
    case 'refused':
    case 'malformed': {
      const { accountSid, senderSid } = task;
      const { reason } = reading;
      await bury({ kind: 'webhook', reason, at: toIso(now()), accountSid, senderSid, payload: task }, key);
      return done;
    }
    case 'events':
      for (const [index, event] of reading.events.entries()) {
        await postpone(event, { task, sender, deduplicationId: `${key}/${index}` }, dependencies);
      }
      return done;
  }
}

async function readingOf(
  { method, contentType, body }: WebhookTask,
  { channel: name, secretId, address, fields }: Sender,
  { channel: find, secrets }: ReadAgainDependencies,
): Promise<WebhookReading> {
  const channel = find(name);
  const known = channel.webhooksNeedSecrets ? (await secrets.get(secretId)).secrets : {};
  const request = {
    method,
    headers: { 'content-type': contentType },
    query: {},
    body: Buffer.from(body, 'base64').toString('utf8'),
  };
  return channel.receive(request, { address, fields, secrets: known }, true);
}

async function postpone(
  event: ChannelEvent,
  { task, sender, deduplicationId }: { task: WebhookTask; sender: Sender; deduplicationId: string },
  dependencies: ReadAgainDependencies,
): Promise<void> {
  const { gatewayUrl } = task;
  const owner = await ownerOf(event, sender, dependencies);
  if (!owner) return buryStray(event, sender, gatewayUrl, dependencies);
  const { accountSid, sid: senderSid } = owner;
  const receivedAt = toIso(dependencies.now());
  const queued = { group: groupOf(event, owner), deduplicationId };
  await dependencies.postpone({ accountSid, senderSid, event, gatewayUrl, receivedAt }, queued);
}
