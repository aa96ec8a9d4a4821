import type { Renewal, SessionStore } from '../../lambdas/platform/stores/sessions.ts';

interface State {
  dueAt?: number;
  failures: number;
  leaseUntil: number;
}

/** `SessionStore` without a table, for simulations of weeks; session-store.test.ts holds both to the same behaviour. */
export class MemorySessions implements Pick<SessionStore, keyof SessionStore> {
  readonly #states = new Map<string, State>();
  readonly #entries = new Map<string, Renewal>();

  async due(now: number, limit: number): Promise<Renewal[]> {
    const due = [...this.#entries.values()].filter(({ dueAt }) => dueAt < now);
    return due.sort((left, right) => left.dueAt - right.dueAt).slice(0, limit);
  }

  async lease(senderSid: string, now: number, forMs: number, renewal?: Renewal) {
    const state = this.#states.get(senderSid) ?? { failures: 0, leaseUntil: 0 };
    if (state.leaseUntil > now || (renewal && state.dueAt !== renewal.dueAt)) return undefined;
    this.#states.set(senderSid, { ...state, leaseUntil: now + forMs });
    return { failures: state.failures };
  }

  async release(senderSid: string): Promise<void> {
    const state = this.#states.get(senderSid);
    if (state) state.leaseUntil = 0;
  }

  async schedule(next: Renewal, failures = 0): Promise<void> {
    const before = this.#states.get(next.senderSid)?.dueAt;
    this.#states.set(next.senderSid, { dueAt: next.dueAt, failures, leaseUntil: 0 });
    if (before !== undefined) this.#entries.delete(keyOf({ ...next, dueAt: before }));
    this.#entries.set(keyOf(next), next);
  }

  async dropStale(renewal: Renewal): Promise<void> {
    if (this.#states.get(renewal.senderSid)?.dueAt !== renewal.dueAt) this.#entries.delete(keyOf(renewal));
  }

  async remove(senderSid: string): Promise<void> {
    const dueAt = this.#states.get(senderSid)?.dueAt;
    this.#states.delete(senderSid);
    if (dueAt !== undefined) this.#entries.delete(keyOf({ senderSid, dueAt }));
  }
}

const keyOf = ({ senderSid, dueAt }: Pick<Renewal, 'senderSid' | 'dueAt'>) => `${senderSid}/${dueAt}`;
