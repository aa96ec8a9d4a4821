/**
 * The account and Region that everything runs in locally. fauxqs and dynalite name queues and tables by these and cannot
 * be told otherwise.
 */
export const REGION = 'us-east-1';
export const ACCOUNT_ID = '000000000000';

/** Any will do: no emulator checks a signature. They only must never be somebody's real ones. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
