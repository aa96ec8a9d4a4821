/** Why a message will not be delivered: Twilio's code, and a sentence for people. */
export interface Failure {
  errorCode: number;
  errorMessage: string;
}

/** Failures that the gateway itself finds; all others come from a channel's error table. Codes from Twilio's dictionary. */
export const failures = {
  validityExpired: (reason?: string): Failure => ({
    errorCode: 30036,
    errorMessage: `The validity period expired before the message could be sent${reason ? `: ${reason}` : ''}.`,
  }),
  senderGone: (): Failure => ({ errorCode: 63002, errorMessage: 'The sender no longer exists or is not online.' }),
  windowClosed: (errorCode: number, hours: number): Failure => ({
    errorCode,
    errorMessage: `The contact has not written in the last ${hours} hours: only a template may be sent.`,
  }),
  windowFull: (errorCode: number, count: number): Failure => ({
    errorCode,
    errorMessage: `${count} messages have been sent since the contact last wrote, which is all that the channel allows.`,
  }),
  mediaUnreachable: (): Failure => ({
    errorCode: 63019,
    errorMessage: 'The media file could not be downloaded: its server was not reached or did not answer in time.',
  }),
  mediaTooLarge: (bytes: number): Failure => ({
    errorCode: 63034,
    errorMessage: `The media file is larger than the ${Math.floor(bytes / 1_048_576)} MiB that can be passed on.`,
  }),
  unsupported: (reason: string): Failure => ({ errorCode: 63006, errorMessage: reason }),
  misconfigured: (reason: string): Failure => ({
    errorCode: 63008,
    errorMessage: `The sender's configuration is incomplete: ${reason}.`,
  }),
  inDoubt: (): Failure => ({
    errorCode: 30410,
    errorMessage: 'The channel did not answer in time; the message was not sent again, to avoid sending it twice.',
  }),
} as const;
