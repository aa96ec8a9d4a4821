import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * JSON documents in a directory that all containers of one number share: what a database is to the real ones. A document
 * is there completely or not at all, whoever else writes at the same time.
 */
export class StateDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(path, { recursive: true });
  }

  read(name: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.#path, name), 'utf8'));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  write(name: string, document: unknown): void {
    renameSync(this.#draft(document), this.#place(name));
  }

  /** Writes only where there is nothing yet; false when there is. */
  create(name: string, document: unknown): boolean {
    const draft = this.#draft(document);
    try {
      linkSync(draft, this.#place(name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Moves a document away, so that of several who try only one does; false for all others. */
  move(name: string, to: string): boolean {
    try {
      renameSync(join(this.#path, name), this.#place(to));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  remove(name: string): void {
    rmSync(join(this.#path, name), { force: true });
  }

  /** The names of the documents below a name. */
  list(name: string): string[] {
    try {
      return readdirSync(join(this.#path, name)).map((entry) => `${name}/${entry}`);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #draft(document: unknown): string {
    const path = this.#place(`drafts/${randomUUID()}`);
    writeFileSync(path, JSON.stringify(document));
    return path;
  }

  #place(name: string): string {
    const path = join(this.#path, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';
