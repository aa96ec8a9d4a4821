import { randomBytes } from 'node:crypto';
import { ServiceError } from '../protocol/service-error.ts';

/** An attempt of a task that waits for somebody to send its token back. */
export interface WaitingTask {
  token: string;
  /** What the sender of the token says the task came to. */
  readonly outcome: Promise<unknown>;
  /** Ends the waiting: with the output of the task, or with the error that it fails with. */
  succeed(output: unknown): void;
  fail(error: Error): void;
}

interface Issued {
  task: WaitingTask;
  isOver: boolean;
}

const PREFIX = 'local.';

/** The task tokens that were ever issued, and which tasks still wait for theirs. */
export class TaskTokens {
  readonly #issued = new Map<string, Issued>();

  /** A new token. */
  issue(): WaitingTask {
    const token = `${PREFIX}${randomBytes(48).toString('base64url')}`;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // The task may have ended for another reason before anybody looks at this.
    promise.catch(() => {});
    const settle = (act: () => void) => {
      issued.isOver = true;
      act();
    };
    const task: WaitingTask = {
      token,
      outcome: promise,
      succeed: (output) => settle(() => resolve(output)),
      fail: (error) => settle(() => reject(error)),
    };
    const issued: Issued = { task, isOver: false };
    this.#issued.set(token, issued);
    return task;
  }

  /**
   * The task that waits for a token.
   * @throws ServiceError InvalidToken, TaskDoesNotExist, or TaskTimedOut when the task is over, for whatever reason
   */
  waiting(token: string): WaitingTask {
    if (!token.startsWith(PREFIX)) throw new ServiceError('InvalidToken', "Invalid Token: 'Invalid token'");
    const issued = this.#issued.get(token);
    if (!issued) throw new ServiceError('TaskDoesNotExist', "Task does not exist: 'Provided task does not exist'");
    if (issued.isOver) {
      throw new ServiceError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    }
    return issued.task;
  }
}
