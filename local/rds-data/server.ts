import { z } from 'zod';
import type { Calls } from '../protocol/calls.ts';
import type { RunningServer } from '../protocol/json.ts';
import { serveRest } from '../protocol/rest.ts';
import { ServiceError } from '../protocol/service-error.ts';
import type { Catalogue } from './catalogue.ts';

const executeSchema = z
  .object({
    resourceArn: z.string(),
    secretArn: z.string(),
    sql: z.string(),
    formatRecordsAs: z.enum(['NONE', 'JSON']).default('NONE'),
    parameters: z.array(z.never()).optional(),
  })
  .loose();

export interface RdsDataOptions {
  /** The database of a cluster, by the cluster's ARN. */
  catalogue: (clusterArn: string) => Catalogue | undefined;
  /** Whether there is such a secret. */
  hasSecret: (arn: string) => boolean;
  calls?: Calls | undefined;
}

/** Serves `ExecuteStatement` of the RDS Data API, without parameters and transactions. */
export async function serveRdsData({ catalogue, hasSecret, calls }: RdsDataOptions): Promise<RunningServer> {
  return await serveRest({
    name: 'RDS Data API',
    calls,
    actions: {
      'POST /Execute'({ input }) {
        const { resourceArn, secretArn, sql, formatRecordsAs } = executeSchema.parse(input);
        const database = catalogue(resourceArn);
        if (!database) throw new ServiceError('BadRequestException', `HttpEndpoint is not enabled for ${resourceArn}`);
        if (!hasSecret(secretArn)) {
          throw new ServiceError('BadRequestException', `Error fetching secret ${secretArn}`);
        }
        const rows = database.execute(sql);
        if (formatRecordsAs === 'JSON') {
          return { formattedRecords: JSON.stringify(rows.map(([value]) => ({ Database: value }))) };
        }
        return {
          numberOfRecordsUpdated: 0,
          generatedFields: [],
          records: rows.map((row) => row.map((stringValue) => ({ stringValue }))),
        };
      },
    },
  });
}
