/**
 * A state machine's definition, in plain Amazon States Language. Written as data and not with CDK's builders, so that states stay in the
 * order in which a number passes them, in the template and in the AWS console, and so that tests run the very thing that is deployed.
 */
export interface Definition {
  readonly Comment: string;
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, State>>;
}

export type State = TaskState | ChoiceState | WaitState | PassState | FailState;

interface Named {
  /** What happens here, for somebody who reads the graph in the AWS console. */
  readonly Comment: string;
}

export interface TaskState extends Named {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly ResultPath: string | null;
  readonly TimeoutSeconds: number;
  readonly Retry: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Next?: string;
  readonly End?: true;
}

export interface ChoiceState extends Named {
  readonly Type: 'Choice';
  readonly Choices: readonly { Variable: string; StringEquals: string; Next: string }[];
}

export interface WaitState extends Named {
  readonly Type: 'Wait';
  readonly SecondsPath: string;
  readonly Next?: string;
}

export interface PassState extends Named {
  readonly Type: 'Pass';
  readonly Result: unknown;
  readonly ResultPath: string;
  readonly Next?: string;
}

export interface FailState extends Named {
  readonly Type: 'Fail';
  readonly ErrorPath: string;
  readonly CausePath: string;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
}

/** A state under its name. */
export type Step = readonly [name: string, state: State];

/**
 * Makes a definition of states in their order: each that names no successor goes on to the one after it, and the last one ends.
 * @throws when a name is used twice
 */
export function chain(comment: string, timeoutSeconds: number, steps: readonly Step[]): Definition {
  const States: Record<string, State> = {};
  for (const [index, [name, state]] of steps.entries()) {
    if (name in States) throw new Error(`Two states are called ${name}.`);
    States[name] = continued(state, steps[index + 1]?.[0]);
  }
  return { Comment: comment, StartAt: steps[0]?.[0] ?? '', TimeoutSeconds: timeoutSeconds, States };
}

function continued(state: State, following: string | undefined): State {
  if (state.Type === 'Choice' || state.Type === 'Fail') return state;
  if (state.Next !== undefined || ('End' in state && state.End)) return state;
  if (following !== undefined) return { ...state, Next: following };
  if (state.Type !== 'Task') throw new Error('The last state must be a task or a failure.');
  return { ...state, End: true };
}

/** A branch on the `outcome` that the task before it answered, or on another field of its answer. */
export function choose(
  name: string,
  comment: string,
  cases: Readonly<Record<string, string>>,
  field: 'outcome' | 'action' = 'outcome',
): Step {
  const Choices = Object.entries(cases).map(([value, Next]) => ({
    Variable: `$.result.${field}`,
    StringEquals: value,
    Next,
  }));
  return [name, { Type: 'Choice', Comment: comment, Choices }];
}

/** As many seconds as the task before it asked for in `waitSeconds`. */
export function pause(name: string, comment: string, next: string): Step {
  return [name, { Type: 'Wait', Comment: comment, SecondsPath: '$.result.waitSeconds', Next: next }];
}

/** Ends the execution as failed, with the error that was caught, so that its list in the AWS console says why. */
export function failed(name: string, comment: string): Step {
  return [name, { Type: 'Fail', Comment: comment, ErrorPath: '$.error.Error', CausePath: '$.error.Cause' }];
}
