import type { Workflow } from '../domain/registration.ts';
import type { Clock } from '../platform/clock.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { RegistrationStore } from '../platform/stores/registrations.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { SessionStore } from '../platform/stores/sessions.ts';

/** The ARNs of the state machines that do what takes longer than a request. */
export interface NumberMachines {
  /** How numbers are registered. A gateway without a fleet has no way to run devices. */
  register: Record<Exclude<Workflow, 'device'>, string> & { device: string | undefined };
  update: string;
  retire: string;
}

/** What it takes to register, update and retire numbers. */
export interface NumberDependencies {
  senders: SenderStore;
  registrations: RegistrationStore;
  secrets: Pick<SenderSecrets, 'idFor' | 'save' | 'remove'>;
  sessions: Pick<SessionStore, 'remove'>;
  machines: NumberMachines;
  now: Clock;
}
