import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { z } from 'zod';

/** Stands where `$$.Task.Token` does until each attempt of a task gets a token of its own. */
export const TOKEN_PLACEHOLDER = '<<task token>>';

/** What a JavaScript timer can hold, almost 25 days. A longer one would end at once, so longer times become this. */
const LONGEST_TIMER_SECONDS = 2_147_483;

const WAIT_FOR_TOKEN = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
const FUNCTION_ARN = /^arn:aws:lambda:[^:]+:\d+:function:[^:]+(:\$LATEST)?$/;
const KNOWN_CONTEXT = /^(Execution\.(Id|Name|StartTime|Input)|StateMachine\.(Id|Name)|Task\.Token)\b/;

const retrySchema = z
  .object({ IntervalSeconds: z.number().default(1), MaxDelaySeconds: z.number().optional() })
  .loose();
const stateSchema = z.object({ Type: z.string(), Retry: z.array(retrySchema).optional() }).loose();
type State = z.infer<typeof stateSchema>;

const definitionSchema = z
  .object({ QueryLanguage: z.string().optional(), TimeoutSeconds: z.number().optional() })
  .loose()
  .and(z.object({ StartAt: z.string(), States: z.record(z.string(), stateSchema) }).loose());

/** What a `Task` state does here. */
export interface TaskState {
  /** Nothing when the function's name is in the state's input. */
  functionArn: string | undefined;
  waitsForToken: boolean;
  timeoutSeconds: number;
}

/** A definition made ready to run on this machine. */
export interface Prepared {
  machine: StateMachine;
  tasks: ReadonlyMap<string, TaskState>;
  /** Names of `Wait` states, which run as tasks that are given `{ seconds }`. */
  waits: ReadonlySet<string>;
}

/**
 * Makes a definition ready for `aws-local-stepfunctions`, which cannot scale a wait whose length is in the input, ends
 * a task after 60 s unless told otherwise, and knows only functions in AWS.
 * @param waitScale what waits and the pauses between retries are multiplied with
 * @throws naming what the definition uses and the local stack does not run
 */
export function prepare(text: string, waitScale: number): Prepared {
  const source = definitionSchema.parse(JSON.parse(text));
  refuseUnknown(text, source.QueryLanguage, source.States);

  const tasks = new Map<string, TaskState>();
  const waits = new Set<string>();
  const States: Record<string, unknown> = {};
  for (const [name, state] of Object.entries(source.States)) {
    if (state.Type === 'Wait') {
      waits.add(name);
      States[name] = waitAsTask(state);
    } else if (state.Type === 'Task') {
      const task = readTask(name, state);
      tasks.set(name, task);
      // A task that waits for its token keeps its own time, so that its token ends with it.
      const TimeoutSeconds = task.waitsForToken ? LONGEST_TIMER_SECONDS : task.timeoutSeconds;
      States[name] = { ...state, TimeoutSeconds, Retry: scaleRetries(state.Retry, waitScale) };
    } else {
      States[name] = state;
    }
  }
  const { TimeoutSeconds, ...rest } = source;
  const timeout = TimeoutSeconds === undefined ? {} : { TimeoutSeconds: clampSeconds(TimeoutSeconds) };
  const definition = { ...rest, ...timeout, States } as unknown as StateMachineDefinition;
  // It is no longer quite the States Language; what the template says is checked where the template is tested.
  return { machine: new StateMachine(definition, { validationOptions: { noValidate: true } }), tasks, waits };
}

function refuseUnknown(text: string, queryLanguage: string | undefined, states: Record<string, State>): void {
  const refuse = (what: string): never => {
    throw new Error(`the local Step Functions does not run ${what}`);
  };
  if (queryLanguage !== undefined && queryLanguage !== 'JSONPath') refuse(`the query language ${queryLanguage}`);
  for (const [, path = ''] of text.matchAll(/\$\$\.([\w.]+)/g)) {
    if (!KNOWN_CONTEXT.test(path)) refuse(`the context path $$.${path}`);
  }
  for (const [name, state] of Object.entries(states)) {
    if (['Map', 'Parallel'].includes(state.Type)) refuse(`the ${state.Type} state ${name}`);
    const unknown =
      state.Type === 'Wait'
        ? ['Timestamp', 'TimestampPath', 'InputPath', 'OutputPath']
        : ['QueryLanguage', 'TimeoutSecondsPath', 'HeartbeatSeconds', 'HeartbeatSecondsPath'];
    for (const key of unknown) if (key in state) refuse(`${key} of the state ${name}`);
  }
}

function readTask(name: string, state: State): TaskState {
  const { Resource, TimeoutSeconds } = z
    .object({ Resource: z.string(), TimeoutSeconds: z.number().optional() })
    .parse(state);
  const timeoutSeconds = clampSeconds(TimeoutSeconds ?? LONGEST_TIMER_SECONDS);
  if (FUNCTION_ARN.test(Resource)) return { functionArn: Resource, waitsForToken: false, timeoutSeconds };
  if (Resource === WAIT_FOR_TOKEN) return { functionArn: undefined, waitsForToken: true, timeoutSeconds };
  throw new Error(`the local Step Functions does not run ${Resource} of the state ${name}`);
}

function waitAsTask({ Type, Seconds, SecondsPath, ...state }: State): object {
  return {
    ...state,
    Type: 'Task',
    Resource: 'local:wait',
    Parameters: SecondsPath === undefined ? { seconds: Seconds } : { 'seconds.$': SecondsPath },
    // As a wait does, it hands on what it was given.
    ResultPath: null,
    TimeoutSeconds: LONGEST_TIMER_SECONDS,
  };
}

function scaleRetries(retries: State['Retry'], scale: number): object[] {
  return (retries ?? []).map(({ IntervalSeconds, MaxDelaySeconds, ...retry }) => ({
    ...retry,
    IntervalSeconds: IntervalSeconds * scale,
    ...(MaxDelaySeconds !== undefined && { MaxDelaySeconds: MaxDelaySeconds * scale }),
  }));
}

/** Seconds that a timer of this machine can wait. */
export function clampSeconds(seconds: number): number {
  return Math.min(seconds, LONGEST_TIMER_SECONDS);
}
