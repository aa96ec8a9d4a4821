import { expect, it } from 'vitest';
import { emitCounts } from '../../lambdas/platform/metrics.ts';

it('counts may have dimensions other than the function', () => {
  const lines: string[] = [];
  const dimensions = { TableName: 'table', Queue: 'outbound' };
  emitCounts({ DeadLetters: 1 }, 1_700_000_000_000, (line) => lines.push(line), dimensions);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    _aws: {
      Timestamp: 1_700_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: 'Switchboard',
          Dimensions: [['TableName', 'Queue']],
          Metrics: [{ Name: 'DeadLetters', Unit: 'Count' }],
        },
      ],
    },
    TableName: 'table',
    Queue: 'outbound',
    DeadLetters: 1,
  });
});

it('counts are one line in CloudWatch’s embedded metric format', () => {
  const lines: string[] = [];
  emitCounts({ DevicesDown: 0, DeviceRepairs: 2 }, 1_700_000_000_000, (line) => lines.push(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\n$/);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    _aws: {
      Timestamp: 1_700_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: 'Switchboard',
          Dimensions: [['FunctionName']],
          Metrics: [
            { Name: 'DevicesDown', Unit: 'Count' },
            { Name: 'DeviceRepairs', Unit: 'Count' },
          ],
        },
      ],
    },
    FunctionName: 'local',
    DevicesDown: 0,
    DeviceRepairs: 2,
  });
});
