import { z } from 'zod';
import type { Calls } from '../protocol/calls.ts';
import type { RunningServer } from '../protocol/json.ts';
import { pageOf } from '../protocol/pages.ts';
import { serveRest } from '../protocol/rest.ts';
import type { AccessPoint, FileSystems } from './file-systems.ts';

const PATH = '/2015-02-01/access-points';

const createSchema = z
  .object({
    ClientToken: z.string(),
    FileSystemId: z.string(),
    RootDirectory: z
      .object({ Path: z.string().default('/') })
      .loose()
      .prefault({}),
    Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
  })
  .loose();

/** Serves the calls of EFS that this product makes, and no others. */
export async function serveEfs(fileSystems: FileSystems, calls?: Calls): Promise<RunningServer> {
  return await serveRest({
    name: 'EFS',
    calls,
    actions: {
      [`POST ${PATH}`]({ input }) {
        const { ClientToken, FileSystemId, RootDirectory, Tags } = createSchema.parse(input);
        const { Path } = RootDirectory;
        return describe(
          fileSystems.createAccessPoint({
            clientToken: ClientToken,
            fileSystemId: FileSystemId,
            path: Path,
            tags: Tags,
          }),
        );
      },
      [`GET ${PATH}`]({ query }) {
        const [id, fileSystemId] = [query.get('AccessPointId'), query.get('FileSystemId')];
        if (id !== null) return { AccessPoints: [describe(fileSystems.accessPoint(id))] };
        const wanted = fileSystems
          .accessPoints()
          .filter((accessPoint) => fileSystemId === null || accessPoint.fileSystemId === fileSystemId);
        const { page, nextToken } = pageOf(wanted, {
          maxResults: Number(query.get('MaxResults') ?? 100),
          nextToken: query.get('NextToken') ?? undefined,
        });
        return { AccessPoints: page.map(describe), NextToken: nextToken };
      },
      [`DELETE ${PATH}/`]({ rest }) {
        fileSystems.deleteAccessPoint(rest);
      },
    },
  });
}

function describe({ id, arn, clientToken, fileSystemId, path, tags }: AccessPoint): Record<string, unknown> {
  return {
    AccessPointId: id,
    AccessPointArn: arn,
    ClientToken: clientToken,
    FileSystemId: fileSystemId,
    LifeCycleState: 'available',
    RootDirectory: { Path: path },
    Tags: tags,
  };
}
