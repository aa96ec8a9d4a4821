import { ControlError } from '../../whatsapp/control/handler.ts';
import type { Answer, Request, Route } from '../../whatsapp/http/router.ts';
import type { Contact } from '../../whatsapp/network/contact.ts';
import { type Laboratory, senderKey } from '../laboratory.ts';
import type { Sender } from '../network/sender.ts';

export interface ControlCall {
  laboratory: Laboratory;
  request: Request;
  /** Aborted when the caller has gone away. */
  signal: AbortSignal;
}

export type ControlHandler = (call: ControlCall) => Answer | Promise<Answer>;
export type ControlRoute = Route<ControlHandler>;

/** The channel that the query names. */
export function channelOf({ laboratory, request }: ControlCall): string {
  const names = laboratory.files.map(({ name }) => name);
  const name = request.query.get('channel') ?? '';
  if (names.includes(name)) return name;
  throw new ControlError(400, `channel: must be one of ${names.join(', ')}`);
}

export function contactOf(call: ControlCall): Contact {
  return call.laboratory.phones.contact(channelOf(call), call.request.parameters['id'] ?? '');
}

/** A sender by its channel and address; without an address the channel's first one. */
export function senderOf({ laboratory }: ControlCall, channel: string, address: string | undefined): Sender {
  const sender =
    address === undefined
      ? [...laboratory.senders.values()].find(({ played }) => played.name === channel)
      : laboratory.senders.get(senderKey(channel, address));
  if (sender) return sender;
  throw new ControlError(404, `${channel} has no sender${address === undefined ? '' : ` ${address}`}.`);
}
