/** Where lines go; `process.stdout` is one. */
export interface Output {
  isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Shows what is being done and how long it took: on a terminal one line that is completed when the step is done,
 * elsewhere a plain line when it starts.
 */
export class Progress {
  readonly #output: Output;
  readonly #startedAt = performance.now();
  #step: { name: string; startedAt: number } | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** A new step starts, and the one before it is done. */
  step(name: string): void {
    this.done();
    this.#step = { name, startedAt: performance.now() };
    this.#output.write(this.#output.isTTY ? `  … ${name}` : `[${this.elapsed.toFixed(1).padStart(4)} s] ${name}\n`);
  }

  /** The last step is done. */
  done(): void {
    if (this.#step && this.#output.isTTY) {
      const seconds = ((performance.now() - this.#step.startedAt) / 1000).toFixed(1);
      this.#output.write(`\r  ✓ ${this.#step.name.padEnd(44)} ${seconds.padStart(5)} s\n`);
    }
    this.#step = undefined;
  }

  /** Ends the line of a step that will not be done. */
  interrupt(): void {
    if (this.#step && this.#output.isTTY) this.#output.write('\n');
    this.#step = undefined;
  }
}
