/** Seconds since the Unix epoch, and nanoseconds of that second. */
export type HrTime = [seconds: number, nanoseconds: number];

/**
 * A point in time given by a caller: `Date`, `[seconds, nanoseconds]`, or a number, which is Unix time in
 * milliseconds; a number below 10^11 (the year 1973) is a reading of `performance.now()`.
 */
export type TimeInput = HrTime | number | Date;

/**
 * A point in time as spans keep it: a reading of the monotonic clock in milliseconds, or the nanoseconds of Unix time
 * that a caller gave. Readings are what the hot path has; a bigint costs 23 ns to write where a reading costs 1
 * (Node 20), and keeps every nanosecond it was given.
 */
export type Time = number | bigint;

// Looked up once: in Vercel's edge runtime each look-up of a global costs about 90 ns.
const monotonic = performance;

/** The most milliseconds `setTimeout` takes; with more it fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Unix milliseconds below this are taken for readings of performance.now(): three years of uptime.
const LARGEST_READING = 1e11;
// Readings and wall clock may part by this much before new traces follow the wall clock.
const TOLERANCE_MILLIS = 10;
const CHECK_INTERVAL_MILLIS = 1000;

const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * Ties readings of the monotonic clock to the wall clock: Unix time in nanoseconds at the reading 0, as the two halves of
 * 64 bits. All spans that a trace has in this process share one, so that they stay in order whatever the wall clock does
 * meanwhile.
 */
export interface Anchor {
  readonly _high: number;
  readonly _low: number;
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
  const age = reading - checkedAt;
  // Below zero it is where a test has put the clock back.
  return anchor === undefined || age >= CHECK_INTERVAL_MILLIS || age < 0 ? checkedAnchor(reading) : anchor;
}

function checkedAnchor(reading: number): Anchor {
  checkedAt = reading;
  const wallMillis = Date.now();
  // The time origin has microseconds where Date.now() has milliseconds; on Workers it is 0 and useless.
  anchor ??= createAnchor(monotonic.timeOrigin, 0);
  const readMillis = Number(unixNanos(anchor, reading)) / 1e6;
  if (Math.abs(readMillis - wallMillis) > TOLERANCE_MILLIS) anchor = createAnchor(wallMillis, reading);
  return anchor;
}

function createAnchor(wallMillis: number, reading: number): Anchor {
  const nanos = nanosOf(wallMillis, NANOS_PER_MILLI) - BigInt(nanosOfReading(reading));
  return { _high: Number(nanos >> 32n), _low: Number(nanos & 0xffffffffn) };
}

/** A reading in whole nanoseconds; exact for 104 days, within a few nanoseconds for years. */
export function nanosOfReading(reading: number): number {
  return Math.round(reading * 1e6);
}

/** Unix time in nanoseconds. */
export function unixNanos(origin: Anchor, time: Time): bigint {
  if (typeof time === 'bigint') return time;
  return (BigInt(origin._high) << 32n) + BigInt(origin._low + nanosOfReading(time));
}

/** The same as processors and exporters read it. */
export function hrTimeOf(nanos: bigint): HrTime {
  return [Number(nanos / NANOS_PER_SECOND), Number(nanos % NANOS_PER_SECOND)];
}

/** The milliseconds of Unix time, as precise as a double holds them. */
export function millisOf(time: HrTime): number {
  return time[0] * 1000 + time[1] / 1e6;
}

/** Negative, zero or positive as `a` is before, at or after `b`. */
export function compareHrTime(a: HrTime, b: HrTime): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** From `start` to `end`, which is not before it. */
export function hrDuration(start: HrTime, end: HrTime): HrTime {
  const borrowed = end[1] < start[1] ? 1 : 0;
  return [end[0] - start[0] - borrowed, end[1] - start[1] + borrowed * 1e9];
}

/**
 * The Unix time a caller gave, exactly as given; a reading of `performance.now()` is placed by `origin`.
 *
 * @throws RangeError or TypeError for what is not a time of the years 1970 to 2554.
 */
export function nanosOfInput(input: TimeInput, origin: Anchor): bigint {
  let nanos: bigint;
  if (Array.isArray(input)) {
    nanos = nanosOf(input[0], NANOS_PER_SECOND) + nanosOf(input[1], 1n);
  } else if (typeof input === 'number' && input >= 0 && input < LARGEST_READING) {
    nanos = unixNanos(origin, input);
  } else {
    // By method and not by instanceof: a Date may come from another realm.
    nanos = nanosOf(typeof input === 'number' ? input : input.getTime(), NANOS_PER_MILLI);
  }
  if (nanos !== BigInt.asUintN(64, nanos)) throw new RangeError();
  return nanos;
}

/** So many units in nanoseconds, exactly; throws for what is no number. */
function nanosOf(count: number, unit: bigint): bigint {
  const whole = Math.floor(count);
  // For other than numbers, Math.floor and BigInt would make some; for NaN, BigInt throws.
  if (typeof count !== 'number') throw new TypeError();
  return BigInt(whole) * unit + BigInt(Math.round((count - whole) * Number(unit)));
}
