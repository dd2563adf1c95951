/** Seconds since the Unix epoch, and nanoseconds within that second. */
export type HrTime = [seconds: number, nanoseconds: number];

/**
 * A point in time that a caller gives: a `Date`, `[seconds, nanoseconds]`, or a number. A number is Unix time in
 * milliseconds; below 10^11 (the year 1973) it is a reading of `performance.now()`.
 */
export type TimeInput = HrTime | number | Date;

/**
 * A point in time as spans store it: a reading of the monotonic clock in milliseconds, or the Unix time in nanoseconds
 * that a caller gave. The hot path uses readings: a bigint costs 23 ns to write where a reading costs 1 (Node 20), but
 * it keeps every nanosecond.
 */
export type Time = number | bigint;

// Looked up once: in Vercel's edge runtime every lookup of a global costs about 90 ns.
const monotonic = performance;

/** The longest delay that `setTimeout` takes, in milliseconds. A longer one fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Numbers below this are readings of `performance.now()`, not Unix milliseconds. That allows for three years of uptime.
const LARGEST_READING = 1e11;
// How far the readings and the wall clock may drift apart before new traces follow the wall clock.
const TOLERANCE_MILLIS = 10;
const CHECK_INTERVAL_MILLIS = 1000;

const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * Ties readings of the monotonic clock to the wall clock: the Unix time in nanoseconds at reading 0, as two 32-bit
 * halves. All spans under one local root share an anchor, so that they stay in order whatever the wall clock does
 * meanwhile.
 */
export interface Anchor {
  readonly _high: number;
  readonly _low: number;
}

/** Returns a reading of the monotonic clock, in milliseconds. */
export function now(): number {
  return monotonic.now();
}

let anchor: Anchor | undefined;
let checkedAt = 0;

/**
 * Returns the anchor for a local root that starts at `reading`. `performance.timeOrigin + performance.now()` follows
 * neither clock corrections nor a suspended machine, so the anchor is checked against `Date.now()`, at most once a
 * second. Never called at module load: on Workers both clocks stand still there.
 */
export function anchorAt(reading: number): Anchor {
  const age = reading - checkedAt;
  // The age is negative after a test has put the clock back.
  return anchor === undefined || age >= CHECK_INTERVAL_MILLIS || age < 0 ? checkedAnchor(reading) : anchor;
}

function checkedAnchor(reading: number): Anchor {
  checkedAt = reading;
  const wallMillis = Date.now();
  // The time origin has microseconds, `Date.now()` only milliseconds. On Workers the time origin is 0 and useless.
  anchor ??= createAnchor(monotonic.timeOrigin, 0);
  const readMillis = Number(unixNanos(anchor, reading)) / 1e6;
  if (Math.abs(readMillis - wallMillis) > TOLERANCE_MILLIS) anchor = createAnchor(wallMillis, reading);
  return anchor;
}

function createAnchor(wallMillis: number, reading: number): Anchor {
  const nanos = nanosOf(wallMillis, NANOS_PER_MILLI) - BigInt(nanosOfReading(reading));
  return { _high: Number(nanos >> 32n), _low: Number(nanos & 0xffffffffn) };
}

/** Returns a reading in whole nanoseconds: exact for 104 days, within a few nanoseconds for years. */
export function nanosOfReading(reading: number): number {
  return Math.round(reading * 1e6);
}

/** Returns a stored time as Unix time in nanoseconds. */
export function unixNanos(origin: Anchor, time: Time): bigint {
  if (typeof time === 'bigint') return time;
  return (BigInt(origin._high) << 32n) + BigInt(origin._low + nanosOfReading(time));
}

/** Returns nanoseconds in the form that processors and exporters read. */
export function hrTimeOf(nanos: bigint): HrTime {
  return [Number(nanos / NANOS_PER_SECOND), Number(nanos % NANOS_PER_SECOND)];
}

/** Returns a time in milliseconds, as precise as a double can hold it. */
export function millisOf(time: HrTime): number {
  return time[0] * 1000 + time[1] / 1e6;
}

/** Returns a negative number, zero or a positive number if `a` is before, at or after `b`. */
export function compareHrTime(a: HrTime, b: HrTime): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** Returns the time from `start` to `end`, which must not be before it. */
export function hrDuration(start: HrTime, end: HrTime): HrTime {
  const borrowed = end[1] < start[1] ? 1 : 0;
  return [end[0] - start[0] - borrowed, end[1] - start[1] + borrowed * 1e9];
}

/**
 * Returns the Unix time that a caller gave, exactly. `origin` places a reading of `performance.now()`.
 *
 * @throws RangeError or TypeError if `input` is not a time of the years 1970 to 2554.
 */
export function nanosOfInput(input: TimeInput, origin: Anchor): bigint {
  let nanos: bigint;
  if (Array.isArray(input)) {
    nanos = nanosOf(input[0], NANOS_PER_SECOND) + nanosOf(input[1], 1n);
  } else if (typeof input === 'number' && input >= 0 && input < LARGEST_READING) {
    nanos = unixNanos(origin, input);
  } else {
    // Call the method instead of checking with `instanceof`: a Date may come from another realm.
    nanos = nanosOf(typeof input === 'number' ? input : input.getTime(), NANOS_PER_MILLI);
  }
  if (nanos !== BigInt.asUintN(64, nanos)) throw new RangeError();
  return nanos;
}

/** Returns `count` units in nanoseconds, exactly. Throws if `count` is not a number. */
function nanosOf(count: number, unit: bigint): bigint {
  const whole = Math.floor(count);
  // `Math.floor` and `BigInt` would convert other types to numbers. `BigInt` throws for NaN.
  if (typeof count !== 'number') throw new TypeError();
  return BigInt(whole) * unit + BigInt(Math.round((count - whole) * Number(unit)));
}
