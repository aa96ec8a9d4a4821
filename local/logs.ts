export interface LogLine {
  /** The construct path of the function or service that wrote it. */
  source: string;
  line: string;
}

/** Enough for the tests and benchmarks that read them; older lines are dropped. */
const KEPT_LINES = 50_000;

/** What the functions and tasks wrote to their logs, newest last. */
export class FunctionLogs {
  readonly lines: LogLine[] = [];
  readonly #onLine: (line: LogLine) => void;

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine;
  }

  add(source: string, line: string): void {
    this.lines.push({ source, line });
    if (this.lines.length > KEPT_LINES * 1.1) this.lines.splice(0, this.lines.length - KEPT_LINES);
    this.#onLine({ source, line });
  }
}
