import type { StateDirectory } from './state-directory.ts';

export type NodeRole = 'web' | 'master' | 'coreapp';

/** A running container of the number. */
export interface ClusterNode {
  id: string;
  role: NodeRole;
  /** When it said so last, ms since 1970. */
  seenAt: number;
}

/** The containers of a number, each of which says now and then that it is there. */
export class Nodes {
  readonly #directory: StateDirectory;
  readonly #lifeMs: number;

  constructor(directory: StateDirectory, lifeMs: number) {
    this.#directory = directory;
    this.#lifeMs = lifeMs;
  }

  announce(id: string, role: NodeRole): void {
    this.#directory.write(nameOf(id), { id, role, seenAt: Date.now() } satisfies ClusterNode);
  }

  leave(id: string): void {
    this.#directory.remove(nameOf(id));
  }

  /** The ids of those that are alive, in an order that stays; what has been silent too long is forgotten. */
  alive(role: NodeRole): string[] {
    const all = this.#directory.list('nodes').flatMap((name) => {
      const node = this.#directory.read(name) as ClusterNode | undefined;
      if (node && node.seenAt > Date.now() - this.#lifeMs) return [node];
      this.#directory.remove(name);
      return [];
    });
    return all
      .filter((node) => node.role === role)
      .map(({ id }) => id)
      .sort();
  }
}

const nameOf = (id: string) => `nodes/${id}.json`;
