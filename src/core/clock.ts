/** Seconds since the Unix epoch, and nanoseconds of that second. */
export type HrTime = [seconds: number, nanoseconds: number];

/**
 * A point in time given by a caller: `Date`, `[seconds, nanoseconds]`, or a number, which is Unix time in
 * milliseconds; a number below 10^11 (the year 1973) is a reading of `performance.now()`.
 */
export type TimeInput = HrTime | number | Date;

// Looked up once: in Vercel's edge runtime each look-up of a global costs about 90 ns.
const monotonic = performance;
const wall = Date;

/** The most milliseconds `setTimeout` takes; with more it fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Unix milliseconds below this are taken for readings of performance.now(): three years of uptime.
const LARGEST_READING = 1e11;
// The largest time that 64 bits of nanoseconds hold lies a little beyond this, in the year 2540.
const LARGEST_SECONDS = 1.8e10;
// Readings and wall clock may part by this much before new traces follow the wall clock.
const TOLERANCE_MILLIS = 10;
const CHECK_INTERVAL_MILLIS = 1000;

const TWO_32 = 2 ** 32;

/**
 * Ties readings of the monotonic clock to the wall clock. All spans that a trace has in this process share
 * one, so that they stay in order whatever the wall clock does meanwhile.
 */
export interface Anchor {
  /** Wall-clock time at `reading`, as seconds and nanoseconds … */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** … and as the two halves of a 64-bit count of nanoseconds. */
  readonly high: number;
  readonly low: number;
  /** A value of `performance.now()`, in milliseconds. */
  readonly reading: number;
}

/** The monotonic clock, in milliseconds. */
export function now(): number {
  return monotonic.now();
}

let anchor: Anchor | undefined;
let checkedAt = 0;

/**
 * The anchor for a trace that starts here at `reading`. `performance.timeOrigin + performance.now()` follows
 * neither clock corrections nor a suspended machine, so once a second at most it is held against `Date.now()`.
 * Never taken at module load: on Workers both clocks stand still there.
 */
export function anchorAt(reading: number): Anchor {
  if (anchor !== undefined && reading - checkedAt < CHECK_INTERVAL_MILLIS) return anchor;
  checkedAt = reading;
  const wallMillis = wall.now();
  if (anchor === undefined) {
    // The time origin has microseconds where Date.now() has milliseconds; on Workers it is 0 and useless.
    const origin = monotonic.timeOrigin;
    anchor =
      Math.abs(origin + reading - wallMillis) <= TOLERANCE_MILLIS
        ? createAnchor(origin, 0)
        : createAnchor(wallMillis, reading);
  } else if (Math.abs(millisOf(hrTimeOf(anchor, reading)) - wallMillis) > TOLERANCE_MILLIS) {
    anchor = createAnchor(wallMillis, reading);
  }
  return anchor;
}

function createAnchor(wallMillis: number, reading: number): Anchor {
  const [seconds, nanoseconds] = hrTimeOfMillis(wallMillis);
  return { seconds, nanoseconds, high: highNanos(seconds, nanoseconds), low: lowNanos(seconds, nanoseconds), reading };
}

/** Nanoseconds from the anchor to a reading; whole and exact for 104 days either way. */
export function nanosFrom(origin: Anchor, reading: number): number {
  return Math.round((reading - origin.reading) * 1e6);
}

/** Unix time of a reading. */
export function hrTimeOf(origin: Anchor, reading: number): HrTime {
  return carry(origin.seconds, origin.nanoseconds + nanosFrom(origin, reading));
}

/** The milliseconds of Unix time, as precise as a double holds them. */
export function millisOf(time: HrTime): number {
  return time[0] * 1000 + time[1] / 1e6;
}

/** Negative, zero or positive as `a` is before, at or after `b`. */
export function compareHrTime(a: HrTime, b: HrTime): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** From `start` to `end`. */
export function hrDuration(start: HrTime, end: HrTime): HrTime {
  return carry(end[0] - start[0], end[1] - start[1]);
}

/** The upper 32 bits of a time in nanoseconds, without BigInt: 23 ns against 1 on Node 20. */
export function highNanos(seconds: number, nanoseconds: number): number {
  // seconds · 10^9 does not fit a double, so in two parts of 16 bits: upper · 10^9 · 2^16 + lower · 10^9.
  const upper = Math.floor(seconds / 65536) * 1e9;
  const low = (upper % 65536) * 65536 + (seconds % 65536) * 1e9 + nanoseconds;
  return Math.floor(upper / 65536) + Math.floor(low / TWO_32);
}

/** The lower 32 bits of a time in nanoseconds. */
export function lowNanos(seconds: number, nanoseconds: number): number {
  const upper = Math.floor(seconds / 65536) * 1e9;
  return ((upper % 65536) * 65536 + (seconds % 65536) * 1e9 + nanoseconds) % TWO_32;
}

/**
 * The Unix time a caller gave, exactly as given; `undefined` for what is not a time at all.
 * A reading of `performance.now()` is placed by `origin`.
 */
export function hrTimeOfInput(input: unknown, origin: Anchor): HrTime | undefined {
  if (typeof input === 'number') {
    if (!(input >= 0 && input <= LARGEST_SECONDS * 1000)) return undefined;
    return input < LARGEST_READING ? hrTimeOf(origin, input) : hrTimeOfMillis(input);
  }
  if (Array.isArray(input)) {
    const [seconds, nanoseconds] = input;
    if (typeof seconds !== 'number' || typeof nanoseconds !== 'number') return undefined;
    if (!(seconds >= 0 && seconds <= LARGEST_SECONDS && nanoseconds >= 0 && nanoseconds < 1e16)) return undefined;
    return carry(Math.floor(seconds), Math.round(nanoseconds + (seconds % 1) * 1e9));
  }
  // By method and not by instanceof: a Date may come from another realm.
  const millis = typeof (input as Date | undefined)?.getTime === 'function' ? (input as Date).getTime() : Number.NaN;
  return millis >= 0 && millis <= LARGEST_SECONDS * 1000 ? hrTimeOfMillis(millis) : undefined;
}

function hrTimeOfMillis(millis: number): HrTime {
  const whole = Math.floor(millis);
  return carry(Math.floor(whole / 1000), (whole % 1000) * 1e6 + Math.round((millis - whole) * 1e6));
}

function carry(seconds: number, nanoseconds: number): HrTime {
  const over = Math.floor(nanoseconds / 1e9);
  return [seconds + over, nanoseconds - over * 1e9];
}
