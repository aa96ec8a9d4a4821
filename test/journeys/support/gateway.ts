import { inject } from 'vitest';

/** The gateway that the journeys run against: the local stack, or a deployed one. */
export interface Gateway {
  url: string;
  accountSid: string;
  authToken: string;
  /** Base URL of the simulator, as the tests reach it. */
  simulatorUrl: string;
  /** Base URL of what plays the providers of other channels; nothing for a deployed gateway. */
  providersUrl: string | undefined;
  /** Base URL of what plays the part of Meta that registers numbers; nothing for a deployed gateway. */
  graphUrl: string | undefined;
  /** Base URL of the simulator, as the gateway reaches it. */
  devicesUrl: string;
  /** A sender that is registered already, as in messages: `whatsapp:+15550001111`. Prefer `createSender` in a test. */
  sender: string;
  /** A contact for it. */
  contact: string;
  /** Base URL of what only the local stack can do (see local.ts); nothing for a deployed gateway. */
  controlUrl: string | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext {
    gateway: Gateway;
  }
}

export const gateway: Gateway = inject('gateway');
