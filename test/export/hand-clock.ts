interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A monotonic clock, and its timers, that go on when they are told to. */
export function handClock() {
  let time = 1_000;
  const timers = new Set<Timer>();
  return {
    /** Timers that are set. */
    timers,
    now: () => time,
    later(callback: () => void, millis: number): unknown {
      const timer: Timer = { at: time + millis, callback };
      timers.add(timer);
      return timer;
    },
    /** Goes on, and calls what is due on the way. */
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
    /** Calls what is set although the clock stands still. */
    fire(): void {
      for (const timer of [...timers]) {
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}
