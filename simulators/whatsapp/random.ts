/**
 * A sequence of numbers in [0, 1) that depends on `seed` only (Marsaglia's 32-bit xorshift), so that a fault hitting
 * "a share of requests" hits the same ones in every run.
 */
export function seededRandom(seed: number): () => number {
  // Zero is xorshift's fixed point; mixing keeps neighbouring seeds from starting alike.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
