import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ApiError, invalidCredentials } from '../http/errors.ts';

/** The password of a new installation; good for one thing only: setting another. */
export const DEFAULT_PASSWORD = 'secret';
const TOKEN_LIFE_MS = 7 * 24 * 3600 * 1000;

export type Role = 'ROLE_ADMIN' | 'ROLE_USER';

export interface User {
  username: string;
  password: string;
  role: Role;
}

/** Why a password is too simple, or undefined when it is good. */
export function passwordProblem(password: string): string | undefined {
  const length = [...password].length;
  if (length < 8 || length > 64) return 'a password has 8 to 64 characters.';
  const kinds: [RegExp, string][] = [
    [/\d/, 'a digit'],
    [/\p{Lu}/u, 'an upper-case letter'],
    [/\p{Ll}/u, 'a lower-case letter'],
    [/[^\p{L}\d\s]/u, 'a special character'],
  ];
  const missing = kinds.filter(([pattern]) => !pattern.test(password)).map(([, name]) => name);
  return missing.length === 0 ? undefined : `a password needs ${missing.join(', ')}.`;
}

/** Users and tokens as the database keeps them. */
export interface UserRecords {
  users: User[];
  tokens: { token: string; username: string; expiresAt: number }[];
}

/** The users of one installation and their tokens. Several tokens of a user live side by side. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #tokens = new Map<string, { username: string; expiresAt: number }>();
  readonly #clock: Clock;
  readonly #key: Buffer;

  constructor(clock: Clock, key: Buffer, adminPassword: string) {
    this.#clock = clock;
    this.#key = key;
    this.#users.set('admin', { username: 'admin', password: adminPassword, role: 'ROLE_ADMIN' });
  }

  /** Checks `Authorization: Basic …`, changes the password if asked to, and gives a token of 7 days. */
  login(authorization: string | undefined, newPassword: string | undefined): { token: string; expires_after: string } {
    const user = this.#basic(authorization);
    if (user === undefined) throw invalidCredentials();
    if (newPassword !== undefined) this.#setPassword(user, newPassword);
    else if (user.password === DEFAULT_PASSWORD) throw new ApiError(1024, 'Send new_password with the first login.');
    return this.#issueToken(user.username);
  }

  /** The user of a Bearer token, or undefined when the token is unknown, logged out or expired. */
  authenticate(authorization: string | undefined): User | undefined {
    const token = bearer(authorization);
    const known = token === undefined ? undefined : this.#tokens.get(token);
    if (known === undefined || known.expiresAt <= this.#clock.now()) return undefined;
    return this.#users.get(known.username);
  }

  logout(authorization: string | undefined): void {
    const token = bearer(authorization);
    if (token !== undefined) this.#tokens.delete(token);
  }

  create(username: string, password: string): User {
    if (this.#users.has(username)) throw new ApiError(1014, 'Unable to create user. Already exist?');
    requireComplexity(password);
    const user: User = { username, password, role: 'ROLE_USER' };
    this.#users.set(username, user);
    return user;
  }

  get(username: string): User {
    const user = this.#users.get(username);
    if (user === undefined) throw new ApiError(1006, 'No such user.');
    return user;
  }

  changePassword(username: string, password: string): void {
    this.#setPassword(this.get(username), password);
  }

  delete(username: string): void {
    const user = this.get(username);
    if (user.role === 'ROLE_ADMIN') throw new ApiError(1005, 'The admin cannot be deleted.');
    this.#users.delete(username);
    for (const [token, { username: owner }] of this.#tokens) if (owner === username) this.#tokens.delete(token);
  }

  get records(): UserRecords {
    const tokens = [...this.#tokens].map(([token, known]) => ({ token, ...known }));
    return { users: [...this.#users.values()], tokens };
  }

  set records({ users, tokens }: UserRecords) {
    for (const user of users) this.#users.set(user.username, user);
    for (const { token, ...known } of tokens) this.#tokens.set(token, known);
  }

  #setPassword(user: User, password: string): void {
    requireComplexity(password);
    user.password = password;
  }

  #basic(authorization: string | undefined): User | undefined {
    const match = /^basic +(\S+)$/i.exec(authorization ?? '');
    const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(match?.[1] ?? '', 'base64').toString()) ?? [];
    const user = this.#users.get(username ?? '');
    return user !== undefined && password !== undefined && equal(user.password, password) ? user : undefined;
  }

  #issueToken(username: string): { token: string; expires_after: string } {
    const now = this.#clock.now();
    const expiresAt = now + TOKEN_LIFE_MS;
    for (const [token, known] of this.#tokens) if (known.expiresAt <= now) this.#tokens.delete(token);
    const claims = { user: username, iat: seconds(now), exp: seconds(expiresAt), rand: randomBytes(8).toString('hex') };
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    const token = `${content}.${createHmac('sha256', this.#key).update(content).digest('base64url')}`;
    this.#tokens.set(token, { username, expiresAt });
    // With a space and an offset: neither ISO 8601 nor the seconds that messages carry.
    return {
      token,
      expires_after: new Date(expiresAt)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, '+00:00'),
    };
  }
}

function requireComplexity(password: string): void {
  const problem = passwordProblem(password);
  if (problem !== undefined) throw new ApiError(1009, `Refused: ${problem}`);
}

function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Compares in constant time, whatever the lengths. */
function equal(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
