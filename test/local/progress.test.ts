import { describe, expect, it } from 'vitest';
import { Progress } from '../../local/progress.ts';

function output(isTTY: boolean): { written: string; isTTY: boolean; write(text: string): void } {
  return {
    written: '',
    isTTY,
    write(text) {
      this.written += text;
    },
  };
}

describe('Progress', () => {
  it('is a plain line per step where there is no terminal', () => {
    const plain = output(false);
    const progress = new Progress(plain);
    progress.step('One');
    progress.step('Two');
    progress.done();
    expect(plain.written).toMatch(/^\[ *\d+\.\d s\] One\n\[ *\d+\.\d s\] Two\n$/);
  });

  it('completes the line of a step on a terminal', () => {
    const terminal = output(true);
    const progress = new Progress(terminal);
    progress.step('One');
    progress.step('Two');
    progress.interrupt();
    expect(terminal.written).toMatch(/^ {2}… One\r {2}✓ One +\d+\.\d s\n {2}… Two\n$/);
  });
});
