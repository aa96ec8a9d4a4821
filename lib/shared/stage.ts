import type { SwitchboardConfig } from '../config.ts';
import type { Alarms } from '../monitoring/alarms.ts';
import type { Storage } from '../storage/storage.ts';

/** What every stage is built with. */
export interface StageProps {
  readonly config: SwitchboardConfig;
  readonly storage: Storage;
  readonly alarms: Alarms;
}
