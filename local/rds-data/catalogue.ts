import { ServiceError } from '../protocol/service-error.ts';

type Row = string[];

interface Statement {
  pattern: RegExp;
  run: (catalogue: Catalogue, parts: Record<string, string>) => Row[];
}

/** An error as MySQL words it, which the Data API hands on. */
function databaseError(code: number, state: string, message: string): ServiceError {
  return new ServiceError('DatabaseErrorException', `${message}; Error code: ${code}; SQLState: ${state}`);
}

const USER = `'(?<user>[^']+)'@'%'`;
const DATABASE = '`(?<database>[^`]+)`';

const STATEMENTS: readonly Statement[] = [
  {
    pattern: new RegExp(
      `^CREATE USER (?<lenient>IF NOT EXISTS )?${USER} IDENTIFIED BY '(?<password>(?:[^'\\\\]|\\\\.)*)'$`,
      'i',
    ),
    run: ({ users }, { user = '', password = '', lenient }) => {
      if (users.has(user) && lenient === undefined) {
        throw databaseError(1396, 'HY000', `Operation CREATE USER failed for '${user}'@'%'`);
      }
      if (!users.has(user)) users.set(user, { password, grants: new Set(), revoked: new Set() });
      return [];
    },
  },
  {
    pattern: new RegExp(`^ALTER USER ${USER} IDENTIFIED BY '(?<password>(?:[^'\\\\]|\\\\.)*)'$`, 'i'),
    run: ({ users }, { user = '', password = '' }) => {
      const known = users.get(user);
      if (!known) throw databaseError(1396, 'HY000', `Operation ALTER USER failed for '${user}'@'%'`);
      known.password = password;
      return [];
    },
  },
  {
    pattern: new RegExp(`^DROP USER (?<lenient>IF EXISTS )?${USER}$`, 'i'),
    run: ({ users }, { user = '', lenient }) => {
      if (!users.delete(user) && lenient === undefined) {
        throw databaseError(1396, 'HY000', `Operation DROP USER failed for '${user}'@'%'`);
      }
      return [];
    },
  },
  {
    pattern: new RegExp(`^GRANT ALL(?: PRIVILEGES)? ON ${DATABASE}\\.\\* TO ${USER}$`, 'i'),
    run: ({ users }, { database = '', user = '' }) => {
      known(users, user).grants.add(database);
      return [];
    },
  },
  {
    // On every database; what MySQL then lets be taken away again from one is a partial revoke.
    pattern: new RegExp(`^GRANT [A-Z ,]+ ON \\*\\.\\* TO ${USER}$`, 'i'),
    run: ({ users }, { user = '' }) => {
      known(users, user).grants.add('*');
      return [];
    },
  },
  {
    pattern: new RegExp(`^REVOKE ALL PRIVILEGES ON \`?(?<database>\\w+)\`?\\.\\* FROM ${USER}$`, 'i'),
    run: ({ users, partialRevokes }, { database = '', user = '' }) => {
      const { grants, revoked } = known(users, user);
      if (!grants.has(database) && !(partialRevokes && grants.has('*'))) {
        throw databaseError(1141, '42000', `There is no such grant defined for user '${user}' on host '%'`);
      }
      if (!grants.delete(database)) revoked.add(database);
      return [];
    },
  },
  {
    pattern: /^SHOW VARIABLES LIKE 'partial_revokes'$/i,
    run: ({ partialRevokes }) => [['partial_revokes', partialRevokes ? 'ON' : 'OFF']],
  },
  {
    pattern: new RegExp(`^CREATE DATABASE (?<lenient>IF NOT EXISTS )?${DATABASE}$`, 'i'),
    run: ({ databases }, { database = '', lenient }) => {
      if (databases.has(database) && lenient === undefined) {
        throw databaseError(1007, 'HY000', `Can't create database '${database}'; database exists`);
      }
      databases.add(database);
      return [];
    },
  },
  {
    pattern: new RegExp(`^DROP DATABASE (?<lenient>IF EXISTS )?${DATABASE}$`, 'i'),
    run: ({ databases }, { database = '', lenient }) => {
      if (!databases.delete(database) && lenient === undefined) {
        throw databaseError(1008, 'HY000', `Can't drop database '${database}'; database doesn't exist`);
      }
      return [];
    },
  },
  {
    pattern: /^SHOW DATABASES LIKE '(?<like>[^']+)'$/i,
    run: ({ databases }, { like = '' }) => [...databases].filter((name) => isLike(name, like)).map((name) => [name]),
  },
];

interface User {
  password: string;
  /** Names or patterns of databases; `*` for all. */
  grants: Set<string>;
  /** Databases that were taken away from one who has all. */
  revoked: Set<string>;
}

function known(users: ReadonlyMap<string, User>, user: string): User {
  const found = users.get(user);
  if (!found) throw databaseError(1410, '42000', 'You are not allowed to create a user with GRANT');
  return found;
}

/** Databases, users and what they may, as a MySQL server keeps them; there are no tables. */
export class Catalogue {
  readonly databases = new Set<string>(['information_schema', 'mysql', 'performance_schema', 'sys']);
  readonly users = new Map<string, User>();
  /** As Aurora MySQL 3 is set up, where a `%` in a grant then means itself. */
  partialRevokes = true;

  /**
   * Runs one statement of those that this product uses.
   * @returns the rows of its result
   * @throws ServiceError DatabaseErrorException as MySQL would, or when it is another kind of statement
   */
  execute(sql: string): Row[] {
    const text = sql.trim().replace(/;$/, '').replace(/\s+/g, ' ');
    for (const { pattern, run } of STATEMENTS) {
      const match = pattern.exec(text);
      if (match) return run(this, match.groups ?? {});
    }
    const kind = text.split(' ').slice(0, 2).join(' ');
    throw new ServiceError('BadRequestException', `The local database does not know this form of ${kind}.`);
  }
}

/** MySQL's LIKE: `%` for any text, `_` for one character, a backslash before either for itself. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replace(/\\([%_])|[%_]|[.*+?^${}()|[\]\\]/g, (match, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (match === '%') return '.*';
    return match === '_' ? '.' : `\\${match}`;
  });
  return new RegExp(`^${source}$`, 's').test(text);
}
