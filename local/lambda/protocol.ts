/** What a function is, as its template and the local stack together say. */
export interface FunctionConfiguration {
  name: string;
  arn: string;
  /** The directory of its bundle. */
  directory: string;
  /** `file.export`, as in the template. */
  handler: string;
  environment: Record<string, string>;
  timeoutSeconds: number;
  memoryMegabytes: number;
}

/** To a worker: handle this event. The event is JSON, as it is for Lambda's runtime. */
export interface Invocation {
  requestId: string;
  event: string;
  /** Milliseconds since the epoch at which the function times out. */
  deadline: number;
}

/** An error that a function threw, in the fields that Lambda reports. */
export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  trace: string[];
}

/** From a worker: its code is loaded, or could not be; or an event is handled. */
export type WorkerMessage =
  | { kind: 'ready' }
  | { kind: 'broken'; failure: FunctionFailure }
  | { kind: 'result'; requestId: string; result: string }
  | { kind: 'error'; requestId: string; failure: FunctionFailure };
