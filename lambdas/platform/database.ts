import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { FleetSettings } from '../domain/fleet-settings.ts';

// A cluster that has paused takes half a minute to come back; until then it answers with an error that can be repeated.
const rdsData = new RDSDataClient({ maxAttempts: 4 });

/** What a device does with its databases. `ALL` on every database is more than Aurora's administrator can give away. */
const PRIVILEGES = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'ALTER',
  'INDEX',
  'DROP',
  'REFERENCES',
  'LOCK TABLES',
  'CREATE TEMPORARY TABLES',
];

/**
 * Users and databases of devices on the fleet's Aurora cluster, through its Data API. MySQL takes no parameters in these
 * statements, so what goes into them is checked to be letters and digits.
 */
export class DeviceDatabases {
  readonly #settings: Pick<FleetSettings, 'databaseClusterArn' | 'databaseSecretArn'>;

  constructor(settings: Pick<FleetSettings, 'databaseClusterArn' | 'databaseSecretArn'>) {
    this.#settings = settings;
  }

  /**
   * Makes the user a device logs in as; may be repeated. It may do everything with databases whose names begin with the
   * prefix. Where the server takes no patterns it may work with all databases but MySQL's own, as WhatsApp's tools ask for.
   */
  async createUser(prefix: string, password: string): Promise<void> {
    const user = `'${plain(prefix)}'@'%'`;
    const identified = `IDENTIFIED BY '${plainPassword(password)}'`;
    await this.#run(`CREATE USER IF NOT EXISTS ${user} ${identified}`);
    // A user left from an earlier try has that one's password.
    await this.#run(`ALTER USER ${user} ${identified}`);
    if (!(await this.#takesNamesLiterally())) {
      await this.#run(`GRANT ALL PRIVILEGES ON \`${plain(prefix)}%\`.* TO ${user}`);
      return;
    }
    await this.#run(`GRANT ${PRIVILEGES.join(', ')} ON *.* TO ${user}`);
    try {
      await this.#run(`REVOKE ALL PRIVILEGES ON mysql.* FROM ${user}`);
    } catch (error) {
      // What whoever grants has not, nobody gets; then there is nothing to take away.
      if (!(error instanceof Error && /no such grant/i.test(error.message))) throw error;
    }
  }

  /** Drops a device's databases and its user; what is gone already is no error. */
  async drop(prefix: string): Promise<void> {
    for (const database of await this.#databases(plain(prefix))) {
      await this.#run(`DROP DATABASE IF EXISTS \`${database.replaceAll('`', '``')}\``);
    }
    await this.#run(`DROP USER IF EXISTS '${plain(prefix)}'@'%'`);
  }

  /**
   * With `partial_revokes` MySQL takes a `%` in the name of a database for itself. Aurora MySQL 3 has it on, and nobody can
   * switch it off.
   */
  async #takesNamesLiterally(): Promise<boolean> {
    const { records = [] } = await this.#run("SHOW VARIABLES LIKE 'partial_revokes'");
    return records[0]?.[1]?.stringValue === 'ON';
  }

  async #databases(prefix: string): Promise<string[]> {
    const { records = [] } = await this.#run(`SHOW DATABASES LIKE '${prefix}%'`);
    return records.flatMap(([name]) => (name?.stringValue === undefined ? [] : [name.stringValue]));
  }

  #run(sql: string) {
    const { databaseClusterArn: resourceArn, databaseSecretArn: secretArn } = this.#settings;
    return rdsData.send(new ExecuteStatementCommand({ resourceArn, secretArn, sql }));
  }
}

function plain(name: string): string {
  if (!/^[a-z0-9]{1,32}$/.test(name)) throw new Error('A database user needs a name of lower-case letters and digits.');
  return name;
}

function plainPassword(password: string): string {
  if (!/^[A-Za-z0-9_.-]{16,128}$/.test(password)) {
    throw new Error('A database password must be 16 to 128 letters, digits, dots, hyphens and underscores.');
  }
  return password;
}
