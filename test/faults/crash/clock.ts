/*
 * The time of this process, which a test moves on instead of waiting: leases, visibility timeouts, backoff and sessions all ask
 * `Date`. Between two moves it runs as it always does.
 */

const RealDate = Date;
let ahead = 0;

class MovedDate extends RealDate {
  constructor(...given: ConstructorParameters<DateConstructor> | []) {
    const [value = MovedDate.now(), ...parts] = given as [number | string | Date, ...number[]];
    if (parts.length === 0) super(value);
    else super(...(given as unknown as [number, number]));
  }

  static override now(): number {
    return RealDate.now() + ahead;
  }
}

/** From now on time can be moved. @returns puts the clock back */
export function takeClock(): () => void {
  globalThis.Date = MovedDate as DateConstructor;
  return () => {
    globalThis.Date = RealDate;
    ahead = 0;
  };
}

/** It is so much later. */
export function passTime(ms: number): void {
  ahead += ms;
}
