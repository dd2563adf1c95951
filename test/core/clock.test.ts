import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import {
  type Anchor,
  compareHrTime,
  type HrTime,
  hrDuration,
  hrTimeOf,
  millisOf,
  nanosOfInput,
  nanosOfReading,
  now,
  type TimeInput,
  unixNanos,
} from '../../src/core/clock.ts';
import { nanoseconds } from './recorder.ts';

const time = fc.tuple(fc.nat(17_999_999_999), fc.nat(999_999_999)) as fc.Arbitrary<HrTime>;

function anchor(at: HrTime, reading: number): Anchor {
  const total = nanoseconds(at) - BigInt(nanosOfReading(reading));
  return { _high: Number(total >> 32n), _low: Number(total & 0xffffffffn) };
}

/** Returns a fresh copy of the module, which has not read any clock yet. */
let copies = 0;
async function freshClock(): Promise<typeof import('../../src/core/clock.ts')> {
  return import(`../../src/core/clock.ts?copy=${++copies}`);
}

describe('a time of seconds and nanoseconds', () => {
  it('converts to nanoseconds and back', () => {
    fc.assert(
      fc.property(time, (at) => assert.deepEqual(hrTimeOf(nanoseconds(at)), at)),
      { numRuns: 1_000 },
    );
    assert.deepEqual(hrTimeOf(2n ** 64n - 1n), [18_446_744_073, 709_551_615]);
  });

  it('is before, at or after another', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [first, second] = [nanoseconds(a), nanoseconds(b)];
        assert.equal(Math.sign(compareHrTime(a, b)), first < second ? -1 : first > second ? 1 : 0);
        assert.equal(compareHrTime(a, [...a]), 0);
      }),
    );
  });

  it('is an earlier time plus a duration', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [start, end] = compareHrTime(a, b) <= 0 ? [a, b] : [b, a];
        const duration = hrDuration(start, end);
        assert.equal(nanoseconds(duration), nanoseconds(end) - nanoseconds(start));
        assert.ok(duration[0] >= 0 && duration[1] >= 0 && duration[1] < 1e9);
      }),
    );
  });

  it('converts to approximate milliseconds', () => {
    assert.equal(millisOf([1_700_000_000, 123_456_789]), 1_700_000_000_123.4568);
  });
});

describe('a reading of the monotonic clock', () => {
  it('is that many nanoseconds before or after the anchor', () => {
    const reading = fc.integer({ min: 0, max: 2 ** 40 }).map((microseconds) => microseconds / 1_000);
    fc.assert(
      fc.property(time, reading, reading, (at, origin, read) => {
        const tied = anchor(at, origin);
        const expected = nanoseconds(at) + BigInt(nanosOfReading(read) - nanosOfReading(origin));
        fc.pre(expected >= 0n);
        assert.equal(unixNanos(tied, read), expected);
        assert.ok(Math.abs(nanosOfReading(read) / 1e6 - read) < 1e-6);
      }),
    );
  });

  it('is Unix time already if a caller gave it', () => {
    const tied = anchor([1_700_000_000, 5], 1_000);
    for (const nanos of [0n, 1n, 1_700_000_000_000_000_001n, 2n ** 64n - 1n])
      assert.equal(unixNanos(tied, nanos), nanos);
  });

  it('does not go back', () => {
    let last = now();
    for (let round = 0; round < 1_000; round++) {
      const reading = now();
      assert.ok(reading >= last);
      last = reading;
    }
  });
});

describe('a time that a caller gives', () => {
  const origin = anchor([1_700_000_000, 999_999_999], 1_000);
  const given = (input: unknown) => hrTimeOf(nanosOfInput(input as TimeInput, origin));

  it('as seconds and nanoseconds is that time', () => {
    fc.assert(fc.property(time, (input) => assert.deepEqual(given(input), input)));
    assert.deepEqual(given([1, 1_500_000_000]), [2, 500_000_000]);
    assert.deepEqual(given([1.25, 5]), [1, 250_000_005]);
    assert.deepEqual(given([0, 0]), [0, 0]);
    assert.deepEqual(given([18_446_744_073, 709_551_615]), [18_446_744_073, 709_551_615]);
  });

  it('as a date is that millisecond', () => {
    fc.assert(
      fc.property(fc.nat(17_999_999_999_999), (millis) => {
        assert.deepEqual(given(new Date(millis)), [Math.floor(millis / 1_000), (millis % 1_000) * 1e6]);
      }),
    );
    assert.deepEqual(given({ getTime: () => 5 }), [0, 5_000_000]);
  });

  it('as a number is Unix time in milliseconds, as precise as the number', () => {
    // Every double of this size is a multiple of 1/4096, so the expectation is exact.
    const SIXTEENTHS_OF_K = 4_096n;
    const millis = fc.bigInt({ min: 10n ** 11n * SIXTEENTHS_OF_K, max: 2n ** 53n - 1n });
    fc.assert(
      fc.property(millis, (steps) => {
        const input = Number(steps) / 4_096;
        const expected = (steps * 1_000_000n * 2n + SIXTEENTHS_OF_K) / (2n * SIXTEENTHS_OF_K);
        assert.equal(nanoseconds(given(input)), expected);
      }),
      { numRuns: 500 },
    );
    assert.deepEqual(given(1_700_000_000_123), [1_700_000_000, 123_000_000]);
    assert.deepEqual(given(1_700_000_000_000.25), [1_700_000_000, 250_000]);
  });

  it('as a small number is a reading of the monotonic clock', () => {
    assert.deepEqual(given(1_000), [1_700_000_000, 999_999_999]);
    assert.deepEqual(given(1_000.000001), [1_700_000_001, 0]);
    assert.deepEqual(given(0), [1_699_999_999, 999_999_999]);
    assert.deepEqual(given(99_999_999_999), hrTimeOf(unixNanos(origin, 99_999_999_999)));
    assert.deepEqual(given(100_000_000_000), [100_000_000, 0]);
  });

  it('is refused if it exceeds 64 bits of nanoseconds or is not a time', () => {
    const none: unknown[] = [
      -1,
      NaN,
      Infinity,
      // The first whole millisecond that does not fit.
      18_446_744_073_710,
      [-1, 0],
      [0, -1],
      [1.9e10, 0],
      [18_446_744_073, 709_551_616],
      [0, 1e20],
      [NaN, 0],
      [1],
      [],
      ['1', '5'],
      ['1', 5],
      [1, '5'],
      new Date(NaN),
      new Date(-1),
      new Date(8.64e15),
      '1700000000000',
      true,
      null,
      undefined,
      {},
      5n,
      { getTime: () => '5x' },
    ];
    const taken = none.filter((input) => {
      try {
        return given(input) !== undefined;
      } catch {
        return false;
      }
    });
    assert.deepEqual(taken, []);
  });
});

describe('the anchor of a trace', () => {
  let wall = 1_700_000_000_000;
  const origin = 1_699_999_000_000.5;
  beforeEach(() => {
    mock.method(Date, 'now', () => wall);
    Object.defineProperty(performance, 'timeOrigin', { value: origin, configurable: true });
  });
  afterEach(() => {
    mock.restoreAll();
    delete (performance as { timeOrigin?: number }).timeOrigin;
  });
  const wallOf = (tied: Anchor, reading: number) => millisOf(hrTimeOf(unixNanos(tied, reading)));

  it('is the time origin if that agrees with the wall clock', async () => {
    const { anchorAt } = await freshClock();
    const reading = 1_000_000;
    wall = Math.floor(origin + reading) + 9;
    const tied = anchorAt(reading);
    assert.equal(wallOf(tied, reading), origin + reading);
    // The anchor keeps the half millisecond of the time origin. Both parts are halves of one 64-bit number.
    const nanos = 1_699_999_000_000_500_000n;
    assert.deepEqual([tied._high, tied._low], [Number(nanos >> 32n), Number(nanos & 0xffffffffn)]);
  });

  it('is the wall clock if the time origin is off', async () => {
    for (const off of [-11, 11, -3_600_000, 3_600_000, -origin]) {
      const { anchorAt } = await freshClock();
      const reading = 1_000_000;
      wall = Math.floor(origin + reading + off);
      const tied = anchorAt(reading);
      assert.equal(wallOf(tied, reading), wall);
    }
  });

  it('stays while both clocks agree', async () => {
    const { anchorAt } = await freshClock();
    wall = Math.floor(origin) + 1;
    const first = anchorAt(0);
    for (let reading = 0; reading <= 100_000; reading += 500) {
      wall = Math.floor(origin + reading) + (reading % 9);
      assert.equal(anchorAt(reading), first);
    }
  });

  it('follows the wall clock after a jump, at most once a second', async () => {
    for (const jump of [3_600_000, -3_600_000, 12, -12]) {
      const { anchorAt } = await freshClock();
      wall = Math.floor(origin) + 1_000;
      const first = anchorAt(1_000);
      wall += 999 + jump;
      assert.equal(anchorAt(1_999), first);
      wall += 1;
      const second = anchorAt(2_000);
      assert.notEqual(second, first);
      assert.equal(wallOf(second, 2_000), wall);
      // Spans with the first anchor keep their times.
      assert.equal(wallOf(first, 2_000), origin + 2_000);
      wall += 1_000;
      assert.equal(anchorAt(3_000), second);
    }
  });
});
