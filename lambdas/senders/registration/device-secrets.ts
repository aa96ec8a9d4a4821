import { randomBytes } from 'node:crypto';
import { DONE, type Step } from './job.ts';

/** All that the containers want in a password (a digit, both cases, a special character), whatever chance gives. */
const EVERY_KIND = 'aA1-';

/**
 * 36 characters of 192 random bits. None of `?{}&~!()^=`, which a database's connection string of the containers does not
 * take, and no quote.
 */
const password = () => randomBytes(24).toString('base64url') + EVERY_KIND;

/**
 * CreateDeviceSecrets: the admin's and the database's password, the key that signs login tokens (64 characters, as the
 * containers want it) and the key for health calls. What is there already stays: containers may be using it.
 */
export const createDeviceSecrets: Step = async (job) => {
  const { secrets, databasePassword, jwtKey, apiKey } = await job.secret();
  await job.changeSecret({
    secrets: { ...secrets, password: secrets['password'] ?? password() },
    databasePassword: databasePassword ?? password(),
    jwtKey: jwtKey ?? randomBytes(48).toString('base64url'),
    apiKey: apiKey ?? randomBytes(32).toString('base64url'),
  });
  return DONE;
};
