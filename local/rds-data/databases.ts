import { ACCOUNT_ID, REGION } from '../aws.ts';
import { Catalogue } from './catalogue.ts';

/** The database clusters of a stack. */
export class Databases {
  readonly #catalogues = new Map<string, Catalogue>();

  /** @returns the cluster's ARN */
  create(identifier: string): string {
    const arn = `arn:aws:rds:${REGION}:${ACCOUNT_ID}:cluster:${identifier}`;
    this.#catalogues.set(arn, new Catalogue());
    return arn;
  }

  catalogue(clusterArn: string): Catalogue | undefined {
    return this.#catalogues.get(clusterArn);
  }

  all(): Catalogue[] {
    return [...this.#catalogues.values()];
  }
}
