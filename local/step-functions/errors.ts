import { FunctionError } from '../lambda/environment.ts';
import { EventTooLargeError } from '../lambda/function.ts';

/** Step Functions takes inputs and outputs of up to this many bytes. */
const DATA_LIMIT_BYTES = 262_144;

/**
 * An error as a state machine sees it: its name is what `ErrorEquals` compares, its message becomes the `Cause`. The
 * library that runs the definitions reads the two flags.
 */
export class StateError extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  /** @param isFinal neither `Retry` nor `Catch` may take it, not even with `States.ALL` */
  constructor(name: string, message: string, isFinal = false) {
    super(message);
    this.name = name;
    this.isRetryable = !isFinal;
    this.isCatchable = !isFinal;
  }
}

/** What a failed invocation is for the state machine: a function's own error by its type, with Lambda's JSON for a cause. */
export function invocationError(error: unknown): StateError {
  if (error instanceof FunctionError) {
    const { errorType, message: errorMessage, trace } = error;
    return new StateError(errorType, JSON.stringify({ errorType, errorMessage, trace }));
  }
  if (error instanceof EventTooLargeError) return new StateError('Lambda.RequestTooLargeException', error.message);
  return new StateError('Lambda.ServiceException', error instanceof Error ? error.message : String(error));
}

/** @throws StateError when a state's data is larger than Step Functions takes */
export function checkSize(state: string, data: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(data) ?? '');
  if (bytes <= DATA_LIMIT_BYTES) return;
  throw new StateError(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    true,
  );
}

/** A stopped execution's: nothing retries or catches it. */
export function stoppedError(): StateError {
  return new StateError('Stopped', 'The execution was stopped.', true);
}
