import { BeginTransactionCommand, ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../local/protocol/json.ts';
import { Databases } from '../../../local/rds-data/databases.ts';
import { serveRdsData } from '../../../local/rds-data/server.ts';

describe('The local RDS Data API', () => {
  let databases: Databases;
  let server: RunningServer;
  let client: RDSDataClient;
  let resourceArn: string;

  beforeEach(async () => {
    databases = new Databases();
    resourceArn = databases.create('devices');
    server = await serveRdsData({
      catalogue: (arn) => databases.catalogue(arn),
      hasSecret: (arn) => arn === 'arn:secret',
    });
    client = new RDSDataClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
  });

  afterEach(async () => {
    client.destroy();
    await server.stop();
  });

  const execute = (sql: string, secretArn = 'arn:secret') =>
    client.send(new ExecuteStatementCommand({ resourceArn, secretArn, sql }));
  const catalogue = () => databases.catalogue(resourceArn);

  it('makes a user with rights on its own databases, and drops both', async () => {
    await execute(`CREATE USER IF NOT EXISTS 'n1'@'%' IDENTIFIED BY 'first'`);
    await execute(`CREATE USER IF NOT EXISTS 'n1'@'%' IDENTIFIED BY 'ignored'`);
    expect(catalogue()?.users.get('n1')?.password).toBe('first');
    await execute(`ALTER USER 'n1'@'%' IDENTIFIED BY 'second'`);
    await execute("GRANT ALL PRIVILEGES ON `n1%`.* TO 'n1'@'%'");
    expect(catalogue()?.users.get('n1')).toEqual({
      password: 'second',
      grants: new Set(['n1%']),
      revoked: new Set(),
    });

    for (const name of ['n1waweb', 'n1wacore', 'n2waweb', 'xn1']) await execute(`CREATE DATABASE \`${name}\``);
    const { records } = await execute(`SHOW DATABASES LIKE 'n1%'`);
    expect(records).toEqual([[{ stringValue: 'n1waweb' }], [{ stringValue: 'n1wacore' }]]);
    await execute('DROP DATABASE IF EXISTS `n1waweb`');
    await execute('DROP DATABASE IF EXISTS `n1waweb`');
    await execute(`DROP USER IF EXISTS 'n1'@'%'`);
    await execute(`DROP USER IF EXISTS 'n1'@'%'`);
    expect([...(catalogue()?.users.keys() ?? [])]).toEqual([]);
    expect((await execute(`SHOW DATABASES LIKE 'n1%'`)).records).toHaveLength(1);
  });

  it('gives a user every database and takes some away, as far as the server does that', async () => {
    await execute(`CREATE USER 'n1'@'%' IDENTIFIED BY 'x'`);
    await execute(`GRANT SELECT, INSERT, CREATE ON *.* TO 'n1'@'%'`);
    expect((await execute(`SHOW VARIABLES LIKE 'partial_revokes'`)).records?.[0]?.[1]).toEqual({ stringValue: 'ON' });
    await execute(`REVOKE ALL PRIVILEGES ON mysql.* FROM 'n1'@'%'`);
    expect(catalogue()?.users.get('n1')).toMatchObject({ grants: new Set(['*']), revoked: new Set(['mysql']) });

    Object.assign(catalogue() ?? {}, { partialRevokes: false });
    expect((await execute(`SHOW VARIABLES LIKE 'partial_revokes'`)).records?.[0]?.[1]).toEqual({ stringValue: 'OFF' });
    await expect(execute(`REVOKE ALL PRIVILEGES ON sys.* FROM 'n1'@'%'`)).rejects.toThrow('Error code: 1141');
  });

  it.each([
    ['CREATE USER', `CREATE USER 'n1'@'%' IDENTIFIED BY 'x'`, '1396'],
    ['CREATE DATABASE', 'CREATE DATABASE `n1`', '1007'],
    ['DROP DATABASE', 'DROP DATABASE `n2`', '1008'],
    ['DROP USER', `DROP USER 'n2'@'%'`, '1396'],
    ['GRANT', "GRANT ALL ON `n2%`.* TO 'n2'@'%'", '1410'],
  ])('fails %s as MySQL does', async (_name, sql, code) => {
    await execute(`CREATE USER 'n1'@'%' IDENTIFIED BY 'x'`);
    await execute('CREATE DATABASE `n1`');
    await expect(execute(sql)).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringContaining(`Error code: ${code}`),
    });
  });

  it.each([
    'SELECT 1',
    'DROP TABLE `users`',
    'DROP DATABASE n1',
    "GRANT ALL ON `n1`.`t` TO 'n1'@'%'",
    "CREATE USER 'n1'@'%' IDENTIFIED BY 'x'; DROP USER 'n1'@'%'",
  ])('refuses a statement that this product does not use: %s', async (sql) => {
    await expect(execute(sql)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('does not know'),
    });
  });

  it('refuses a cluster or a secret that is not there, and what this product does not use', async () => {
    await expect(execute('DROP DATABASE IF EXISTS `n1`', 'arn:other')).rejects.toThrow('Error fetching secret');
    resourceArn = 'arn:none';
    await expect(execute('DROP DATABASE IF EXISTS `n1`')).rejects.toThrow('HttpEndpoint is not enabled');
    await expect(client.send(new BeginTransactionCommand({ resourceArn: 'x', secretArn: 'y' }))).rejects.toThrow(
      'The local RDS Data API does not know POST /BeginTransaction.',
    );
  });
});
