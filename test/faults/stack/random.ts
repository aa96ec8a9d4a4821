import { seededRandom } from '../../../simulators/whatsapp/random.ts';

/** Choices that are the same for the same seed. */
export class Chance {
  readonly seed: number;
  readonly #random: () => number;

  constructor(seed: number) {
    this.seed = seed;
    this.#random = seededRandom(seed);
  }

  /** True in a share of cases. */
  hits(share: number): boolean {
    return this.#random() < share;
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }
}
