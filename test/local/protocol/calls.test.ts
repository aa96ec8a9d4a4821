import { createServer } from 'node:http';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, ListServicesCommand } from '@aws-sdk/client-ecs';
import { DescribeAccessPointsCommand, EFSClient } from '@aws-sdk/client-efs';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { ListServicesCommand as ListNamesCommand, ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsVariables, type Endpoints } from '../../../local/lambda/variables.ts';
import { close, listen } from '../../../local/listen.ts';
import { Calls } from '../../../local/protocol/calls.ts';

describe("The functions' variables", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ['dynamodb', () => new DynamoDBClient({}).send(new ListTablesCommand({})), 'ListTables'],
    [
      'stepFunctions',
      () => new SFNClient({}).send(new DescribeExecutionCommand({ executionArn: 'x' })),
      'DescribeExecution',
    ],
    ['ecs', () => new ECSClient({}).send(new ListServicesCommand({})), 'ListServices'],
    ['cloudMap', () => new ServiceDiscoveryClient({}).send(new ListNamesCommand({})), 'ListServices'],
    [
      'rdsData',
      () => new RDSDataClient({}).send(new ExecuteStatementCommand({ resourceArn: 'x', secretArn: 'y', sql: 'z' })),
      'POST',
    ],
    ['efs', () => new EFSClient({}).send(new DescribeAccessPointsCommand({})), 'GET'],
  ])("lead the SDK's client for %s to its endpoint", async (name, send, action) => {
    const calls = new Calls();
    const server = createServer((_request, response) => response.end('{}'));
    calls.watch('here', server);
    const url = `http://127.0.0.1:${await listen(server, 0)}`;
    const nowhere = 'http://127.0.0.1:9';
    const none: Endpoints = {
      dynamodb: nowhere,
      sqs: nowhere,
      s3: nowhere,
      secretsManager: nowhere,
      stepFunctions: nowhere,
      ecs: nowhere,
      cloudMap: nowhere,
      rdsData: nowhere,
      efs: nowhere,
    };
    for (const [key, value] of Object.entries(awsVariables({ ...none, [name]: url }))) vi.stubEnv(key, value);
    await send();
    await close(server);
    expect(calls.counts()).toEqual({ [`here ${action}`]: 1 });
  });
});
