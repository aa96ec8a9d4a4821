import type { Channel } from '../channels/types.ts';
import type { Rate } from './pacing.ts';
import type { Sender } from './sender.ts';

/** How fast a sender may send: its own setting, or what its channel's spec says for one like it. */
export function rateOf(sender: Pick<Sender, 'rate' | 'fields'>, channel: Pick<Channel, 'limits'>): Rate {
  if (sender.rate) return sender.rate;
  const { rate } = channel.limits;
  const special = rate.by?.rates[sender.fields[rate.by.field] ?? ''];
  return special ?? rate;
}
