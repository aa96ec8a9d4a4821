const NAMESPACE = 'Switchboard';

/** Counts by metric name. */
export type Counts = Record<string, number>;

/**
 * Reports counts as CloudWatch metrics: one line in CloudWatch's embedded metric format, which costs no call. The only
 * dimension is the function's name: each further value would be a metric of its own on the bill.
 * @param at ms since the epoch
 */
export function emitCounts(
  counts: Counts,
  at: number,
  write: (line: string) => void = (line) => process.stdout.write(line),
): void {
  const Metrics = Object.keys(counts).map((Name) => ({ Name, Unit: 'Count' }));
  const line = {
    _aws: { Timestamp: at, CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['FunctionName']], Metrics }] },
    FunctionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'local',
    ...counts,
  };
  // Past the logger and the console, which would wrap the line so that CloudWatch no longer sees a metric in it.
  write(`${JSON.stringify(line)}\n`);
}
