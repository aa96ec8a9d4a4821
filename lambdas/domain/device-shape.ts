import { DEVICE_MODES, SHARD_COUNTS } from './topology.ts';

/** How long after a number's registration its shards can still be changed, in ms. Later it would lose its connection for good. */
const RESHARDING_MS = 7 * 24 * 3_600_000;

type Fields = Record<string, string>;

/** What is wrong with the shape of a device: mode and shards, each as the sender's fields hold them, do not go together. */
export function shapeMistakes(fields: Fields): string[] {
  const { mode, shards = '1' } = fields;
  if (mode === 'multiconnect' || shards === '1') return [];
  return [
    `configuration.shards: is ${shards}, which only a multiconnect device can have; give mode multiconnect, or shards 1`,
  ];
}

/**
 * What is wrong with a device's new mode and shards, beside its present ones.
 * @param registeredAt when the number was registered, ISO 8601 UTC  @param now ms since the epoch
 */
export function reshapeMistakes(
  current: Fields,
  changes: { mode?: string | undefined; shards?: string | undefined },
  { registeredAt, now }: { registeredAt: string; now: number },
): string[] {
  const { mode = current['mode'] ?? 'single', shards = current['shards'] ?? '1' } = changes;
  const mistakes = [
    ...(DEVICE_MODES.some((known) => known === mode)
      ? []
      : [`configuration.mode: must be one of ${DEVICE_MODES.join(', ')}`]),
    ...(SHARD_COUNTS.some((known) => String(known) === shards)
      ? []
      : [`configuration.shards: must be one of ${SHARD_COUNTS.join(', ')}`]),
  ];
  if (mistakes.length > 0) return mistakes;
  const isResharded = shards !== (current['shards'] ?? '1');
  if (isResharded && now - Date.parse(registeredAt) > RESHARDING_MS) {
    return [
      'configuration.shards: can be changed for 7 days after the number was registered, since WhatsApp would disconnect it; ' +
        'delete the sender and register it again with the shards that it is to have',
    ];
  }
  return shapeMistakes({ mode, shards });
}
