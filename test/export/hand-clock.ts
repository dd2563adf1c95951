interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A monotonic clock and its timers, which advance on demand. */
export function handClock() {
  let time = 1_000;
  const timers = new Set<Timer>();
  return {
    /** The timers that are set. */
    timers,
    now: () => time,
    later(callback: () => void, millis: number): unknown {
      const timer: Timer = { at: time + millis, callback };
      timers.add(timer);
      return timer;
    },
    /** Advances the clock, and fires the timers that are due. */
    advance(millis: number): void {
      const end = time + millis;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        time = next.at;
        next.callback();
      }
      time = end;
    },
    /** Fires all timers without advancing the clock. */
    fire(): void {
      for (const timer of [...timers]) {
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}
