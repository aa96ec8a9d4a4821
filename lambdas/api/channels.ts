import { channelNames, loadChannel } from '../channels/load.ts';
import type { Channel } from '../channels/types.ts';

let known: Promise<Channel[]> | undefined;

/** Every channel that the function was deployed with, compiled once. */
export function allChannels(): Promise<Channel[]> {
  known ??= Promise.all(channelNames().map((name) => loadChannel(name))).then((channels) =>
    channels.filter((channel) => channel !== undefined),
  );
  return known;
}
