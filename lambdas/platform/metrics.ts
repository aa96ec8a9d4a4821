const NAMESPACE = 'Switchboard';

/** Counts by metric name. */
export type Counts = Record<string, number>;

/**
 * Reports counts as CloudWatch metrics: one line in CloudWatch's embedded metric format, which costs no call.
 * @param at ms since the epoch
 * @param dimensions what tells the metric from others of its name, the function's name if not given. Each combination of values is a
 * metric of its own on the bill.
 */
export function emitCounts(
  counts: Counts,
  at: number,
  write: (line: string) => void = (line) => process.stdout.write(line),
  dimensions: Readonly<Record<string, string>> = {
    FunctionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'local',
  },
): void {
  const Metrics = Object.keys(counts).map((Name) => ({ Name, Unit: 'Count' }));
  const Dimensions = [Object.keys(dimensions)];
  const line = {
    _aws: { Timestamp: at, CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions, Metrics }] },
    ...dimensions,
    ...counts,
  };
  // Past the logger and the console, which would wrap the line so that CloudWatch no longer sees a metric in it.
  write(`${JSON.stringify(line)}\n`);
}
