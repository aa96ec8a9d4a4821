import type { StateDirectory } from './state-directory.ts';

const LEASE = 'lease.json';

/** A container that may hold the lease: `address` is where the others reach it (`http://10.0.0.7:8080`). */
export interface Candidate {
  id: string;
  address: string;
}

interface Held extends Candidate {
  /** Ms since 1970. */
  expiresAt: number;
}

/**
 * Who speaks for the number: of all candidates one at a time, as the masters of the real containers race for a lease in
 * their database. It lasts `lifeMs` and must be taken again before that.
 */
export class Lease {
  readonly #directory: StateDirectory;
  readonly #lifeMs: number;

  constructor(directory: StateDirectory, lifeMs: number) {
    this.#directory = directory;
    this.#lifeMs = lifeMs;
  }

  /** Takes the lease or renews it; false while somebody else has it. */
  take(candidate: Candidate): boolean {
    const held = this.#read();
    const renewed: Held = { ...candidate, expiresAt: Date.now() + this.#lifeMs };
    if (held && held.expiresAt > Date.now()) {
      if (held.id !== candidate.id) return false;
      this.#directory.write(LEASE, renewed);
      return true;
    }
    return (held === undefined || this.#clear(held, candidate)) && this.#directory.create(LEASE, renewed);
  }

  /** Who has it; undefined between two holders. */
  holder(): Candidate | undefined {
    const held = this.#read();
    return held && held.expiresAt > Date.now() ? held : undefined;
  }

  release({ id }: Candidate): void {
    if (this.#read()?.id === id) this.#directory.remove(LEASE);
  }

  /** Removes a lease that has run out; false when another candidate was faster. */
  #clear(expired: Held, { id }: Candidate): boolean {
    const aside = `expired/${id}.json`;
    if (!this.#directory.move(LEASE, aside)) return false;
    const moved = this.#directory.read(aside) as Held;
    this.#directory.remove(aside);
    if (moved.id === expired.id && moved.expiresAt === expired.expiresAt) return true;
    // Somebody has taken it between our two looks: it goes back.
    this.#directory.create(LEASE, moved);
    return false;
  }

  #read(): Held | undefined {
    return this.#directory.read(LEASE) as Held | undefined;
  }
}
