import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/*
 * One table. Keys by access pattern:
 *
 *   pk                            sk                item
 *   AC…#<last digit of the SID>   M#<32 hex>        message (16 shards, so that no account is bound by one partition)
 *   AC…                           XE…               sender
 *   AC…                           ACCOUNT           account
 *   ADDRESS#<channel>#<address>   ADDRESS           who owns an address
 *   REGISTRATION#<XE…>            REGISTRATION      what is done with a number: registered, updated, removed
 *   REGISTRATIONS                 XE…               a number with which something is being done
 *   DEVICES                       XE…               what runs for a number; one list of all, for who keeps them running
 *   SESSION#<XE…>                 SESSION           when a sender's session is renewed next, and who is at it
 *   RENEWALS                      <ms>#<XE…>        the same for all senders, in the order of time
 *   ID#<XE…>#<channel id>         ID                channel's message id → SID (expires)
 *   PACE#<XE…>                    PACE              a sender's pacing state, and how much of it waits
 *   BACKLOG#<XE…>                 <32 hex>          a task that waits until the queue has room, by its message's SID (expires)
 *   BACKLOGS#<digit of the SID>   XE…               a sender that has a backlog; a list of all, for who keeps them moving
 *   ACCEPTED#<minute>#<digit>     AC…               an account that messages were accepted for in a minute; in sixteen parts (expires)
 *   SWEPT                         SWEPT             up to when such accounts' messages have been looked through
 *   SCHEDULED#<digit of the SID>  <ms>#<32 hex>     a message with which something is to be done at some time
 *   CIRCUIT#<key>                 CIRCUIT           a host that cannot be reached, and who may try it (expires)
 *   DEAD#<AC…>                    DL…               a dead letter (expires)
 *   CONTACT#<XE…>#<contact>       WINDOW            when a contact last wrote, what it was sent since, what waits (expires)
 *   CONTACT#<XE…>#<contact>       SENT#<ms>#<SID>   what a contact was sent, where statuses are about times (expires)
 *   IDEMPOTENCY#<AC…>#<key>       IDEMPOTENCY       the first request with a key (expires)
 *
 * `ttl` (seconds since the epoch) is the table's expiry attribute. DynamoDB deletes late, so readers check it.
 */

export const MESSAGE_SHARDS = '0123456789abcdef'.split('');

export const messageKey = (accountSid: string, sid: string) => ({
  pk: `${accountSid}#${sid.slice(-1)}`,
  sk: `M#${sid.slice(2)}`,
});
export const senderKey = (accountSid: string, senderSid: string) => ({ pk: accountSid, sk: senderSid });
export const accountKey = (accountSid: string) => ({ pk: accountSid, sk: 'ACCOUNT' });
export const addressKey = (channel: string, address: string) => ({
  pk: `ADDRESS#${channel}#${address}`,
  sk: 'ADDRESS',
});
export const registrationKey = (senderSid: string) => ({ pk: `REGISTRATION#${senderSid}`, sk: 'REGISTRATION' });
export const underWayKey = (senderSid: string) => ({ pk: 'REGISTRATIONS', sk: senderSid });
export const DEVICES = 'DEVICES';
export const deviceKey = (senderSid: string) => ({ pk: DEVICES, sk: senderSid });
export const sessionKey = (senderSid: string) => ({ pk: `SESSION#${senderSid}`, sk: 'SESSION' });
export const RENEWALS = 'RENEWALS';
/** @param at ms since the epoch; with no sender it comes before all entries of that instant */
export const renewalKey = (at: number, senderSid = '') => ({
  pk: RENEWALS,
  sk: `${String(at).padStart(14, '0')}#${senderSid}`,
});
export const idKey = (senderSid: string, channelMessageId: string) => ({
  pk: `ID#${senderSid}#${channelMessageId}`,
  sk: 'ID',
});
export const paceKey = (senderSid: string) => ({ pk: `PACE#${senderSid}`, sk: 'PACE' });
export const backlogKey = (senderSid: string, sidHex: string) => ({ pk: `BACKLOG#${senderSid}`, sk: sidHex });
export const backlogListKey = (senderSid: string) => ({ pk: `BACKLOGS#${senderSid.slice(-1)}`, sk: senderSid });
/**
 * @param minute ISO 8601 UTC to the minute: `2026-11-22T22:14`
 * @param shard any hex digit: whoever accepts messages writes when a minute begins, more than one partition takes
 */
export const acceptedKey = (minute: string, shard: string, account = '') => ({
  pk: `ACCEPTED#${minute}#${shard}`,
  sk: account,
});
export const sweptKey = { pk: 'SWEPT', sk: 'SWEPT' };
/** @param at ms since the epoch; with no message it comes before all entries of that instant */
export const scheduledKey = (shard: string, at: number, messageSid = '') => ({
  pk: `SCHEDULED#${shard}`,
  // Without its prefix, which says nothing about the order.
  sk: `${String(at).padStart(14, '0')}#${messageSid.slice(2)}`,
});
export const circuitKey = (key: string) => ({ pk: `CIRCUIT#${key}`, sk: 'CIRCUIT' });
export const deadLetterKey = (accountSid: string, sid: string) => ({ pk: `DEAD#${accountSid}`, sk: sid });
export const windowKey = (senderSid: string, contact: string) => ({
  pk: `CONTACT#${senderSid}#${contact}`,
  sk: 'WINDOW',
});
/** @param at ms since the epoch; as many digits until the year 5138 sort as numbers do */
export const sentKey = (senderSid: string, contact: string, at: number, messageSid = '') => ({
  pk: `CONTACT#${senderSid}#${contact}`,
  sk: `SENT#${String(at).padStart(14, '0')}#${messageSid}`,
});
export const idempotencyKey = (accountSid: string, key: string) => ({
  pk: `IDEMPOTENCY#${accountSid}#${key}`,
  sk: 'IDEMPOTENCY',
});

/** Runs a conditional write; a condition that does not hold is an answer (`undefined`), not an error. */
export async function unlessConditionFails<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
