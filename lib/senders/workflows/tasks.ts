import type { Retrier, Step } from './states.ts';

/** How long a kind of step is tried. */
export interface Patience {
  /** Of one attempt, in seconds: a little more than the function has, so that its own report arrives. */
  readonly timeoutSeconds: number;
  readonly retry: Omit<Retrier, 'ErrorEquals'>;
}

/** Seconds that the functions behind the steps have. */
export const REGISTER_SECONDS = 60;
export const FLEET_SECONDS = 120;

/**
 * Three weeks, the time of a whole registration: reviews of a display name take days. Every wait has a limit of its own, which tells the
 * customer; this one only ends what was forgotten.
 */
export const REGISTRATION_SECONDS = 21 * 24 * 3600;

/** A day, the time of a whole change or removal. */
export const MAINTENANCE_SECONDS = 24 * 3600;

const backOff = (seconds: number, attempts: number, maxDelaySeconds: number): Omit<Retrier, 'ErrorEquals'> => ({
  IntervalSeconds: seconds,
  BackoffRate: 2,
  MaxAttempts: attempts,
  MaxDelaySeconds: maxDelaySeconds,
  JitterStrategy: 'FULL',
});

/** A provider, or a device: two minutes or so of trouble are sat out. */
export const STEADY: Patience = { timeoutSeconds: REGISTER_SECONDS + 10, retry: backOff(2, 6, 60) };

/** Containers, their database and their volume: a quarter of an hour, in which a database wakes up and quotas recover. */
export const CONTAINERS: Patience = { timeoutSeconds: FLEET_SECONDS + 10, retry: backOff(5, 10, 120) };

/** Removing: half an hour and more, because nobody is waiting and what is left over costs money. */
export const REMOVAL: Patience = { timeoutSeconds: FLEET_SECONDS + 10, retry: backOff(5, 12, 300) };

/** Errors of this name are final: trying again would end the same way. Their message is for the customer. */
const REFUSED = 'RegistrationRefused';

/** The tasks that one function does, all with the same patience. */
export interface Tasks {
  /**
   * One task, named after the step that the function takes. Its answer, `{ outcome, waitSeconds? }`, is in `$.result` until the next one's.
   * @param more what the function is told beside the step, the sender and the execution
   */
  task(step: string, comment: string, options?: TaskOptions): Step;
  /** A task that answers only when somebody calls back with its token. */
  callback(step: string, comment: string, options: CallbackOptions): Step;
}

export interface TaskOptions {
  /** The state's name, where it is not the step's. */
  readonly name?: string;
  readonly next?: string;
  readonly end?: true;
  readonly more?: Readonly<Record<string, string>>;
}

export interface CallbackOptions {
  readonly timeoutSeconds: number;
  /** Where it goes on when the time is up. */
  readonly onTimeout: string;
}

/**
 * @param functionArn the function behind the steps
 * @param onFailure the state that follows when a step failed for good. Default: the execution ends there, as failed
 */
export function tasksOf(functionArn: string, patience: Patience, onFailure?: string): Tasks {
  const caught = { ErrorEquals: ['States.ALL'], ResultPath: '$.error' };
  const recover = onFailure === undefined ? {} : { Catch: [{ ...caught, Next: onFailure }] };
  return {
    task: (step, comment, { name = step, next, end, more = {} } = {}) => [
      name,
      {
        Type: 'Task',
        Comment: comment,
        Resource: functionArn,
        Parameters: { ...payload(step), ...more },
        ResultPath: '$.result',
        TimeoutSeconds: patience.timeoutSeconds,
        Retry: [
          { ErrorEquals: [REFUSED], MaxAttempts: 0 },
          { ErrorEquals: ['States.ALL'], ...patience.retry },
        ],
        ...recover,
        ...(next && { Next: next }),
        ...(end && { End: end }),
      },
    ],
    callback: (step, comment, { timeoutSeconds, onTimeout }) => [
      step,
      {
        Type: 'Task',
        Comment: comment,
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Parameters: {
          FunctionName: functionArn,
          Payload: { ...payload(step), 'taskToken.$': '$$.Task.Token' },
        },
        ResultPath: '$.result',
        TimeoutSeconds: timeoutSeconds,
        Retry: [
          { ErrorEquals: [REFUSED, 'States.Timeout'], MaxAttempts: 0 },
          { ErrorEquals: ['States.ALL'], ...patience.retry },
        ],
        Catch: [{ ErrorEquals: ['States.Timeout'], ResultPath: '$.error', Next: onTimeout }, ...(recover.Catch ?? [])],
      },
    ],
  };
}

/** What every step is told. */
const payload = (step: string) => ({
  step,
  'accountSid.$': '$.accountSid',
  'senderSid.$': '$.senderSid',
  'executionArn.$': '$$.Execution.Id',
});

/** An error in the form that a function's own has in `$.error`. */
export const refusal = (problem: string, action: string) => ({
  Error: REFUSED,
  Cause: JSON.stringify({ errorType: REFUSED, errorMessage: `${problem}\n${action}` }),
});
