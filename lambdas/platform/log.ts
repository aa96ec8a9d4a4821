import { Logger } from '@aws-lambda-powertools/logger';

/** JSON log lines; the level comes from `POWERTOOLS_LOG_LEVEL`. Never log message text, tokens or full numbers. */
export const logger = new Logger({ serviceName: 'switchboard' });

/** The only form of an address that may be logged: its last two digits, enough to tell two contacts apart. */
export const maskAddress = (address: string): string => `…${address.slice(-2)}`;
