import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Context, ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { baggageIn } from '../../src/propagation/baggage.ts';
import type { TextMapPropagator } from '../../src/propagation/propagator.ts';
import { everyPropagator } from './every-propagator.ts';

type Headers = Record<string, string | string[]>;

const MUTATIONS = 250;

const textOf = (chars: string, minLength: number, maxLength = minLength) =>
  fc.string({ unit: fc.constantFrom(...chars), minLength, maxLength });
const hex = (...lengths: number[]) => fc.oneof(...lengths.map((length) => textOf('0123456789abcdef', length)));
const token = textOf('az09_-*', 1, 8);
const version = fc.constantFrom('00', '00', '00', '01', 'cc', 'fe', 'ff');
const flags = fc.constantFrom('00', '01', '02', '03', '09', 'ff');

const traceparent = fc.tuple(version, hex(32), hex(16), flags).map((fields) => fields.join('-'));
const tracestate = fc
  .array(fc.tuple(token, textOf(' a0!~<', 1, 12)), { maxLength: 34 })
  .map((members) => members.map((pair) => pair.join('=')).join());
const property = fc.oneof(
  token,
  fc.tuple(token, token).map((pair) => pair.join('=')),
);
const entry = fc.tuple(token, textOf('a0=/', 0, 12), fc.array(property, { maxLength: 2 }));
// Rarely more than the limit, because those headers take long and are all similar.
const baggage = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(entry, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(entry, { maxLength: 70 }) },
  )
  .map((members) =>
    members.map(([key, value, properties]) => [`${key}=${value}%C3%A9%20`, ...properties].join(';')).join(),
  );
const decision = fc.constantFrom('0', '1', 'd', 'true', 'false', '');
const b3 = fc
  .tuple(hex(16, 32), hex(16), fc.array(fc.oneof(decision, hex(16)), { maxLength: 2 }))
  .map(([traceId, spanId, rest]) => [traceId, spanId, ...rest].join('-'));
const uberTraceId = fc
  .tuple(hex(8, 16, 32), hex(4, 16), hex(0, 16), hex(1, 2), fc.constantFrom(':', ':', '%3A'))
  .map(([traceId, spanId, parentId, bits, colon]) => [traceId, spanId, parentId, bits].join(colon));

const several = {
  'x-b3-traceid': hex(16, 32),
  'x-b3-spanid': hex(16),
  'x-b3-sampled': decision,
  'x-b3-flags': fc.constantFrom('', '0', '1'),
};
const jaeger = { 'uber-trace-id': uberTraceId, 'uberctx-a': textOf('a0% ,;=', 0, 20), 'uberctx-b-c': token };

/** Headers that a caller might send, for each propagator. Most of them are valid. */
const SENT: Record<string, fc.Arbitrary<Headers>> = {
  'W3C trace context': fc.record({ traceparent, tracestate }),
  'W3C baggage': fc.record({ baggage }),
  B3: fc.record({ b3 }),
  'B3 in several headers': fc.record(several),
  Jaeger: fc.record(jaeger, { requiredKeys: ['uber-trace-id'] }),
  'all of them': fc.record(
    { traceparent, tracestate, baggage, b3, ...several, ...jaeger },
    { requiredKeys: ['traceparent'] },
  ),
};

// Characters and sequences that the formats use, and others that they do not allow.
const PIECES = [
  ...'0123456789abcdefABCDEFgz-_:;=,.%@*/"\\ \t\r\n\0\u007fäŉ\u00a0\u2028\ud800\udfff\ufffd',
  ...['00-', '--', '%3A', '%C3%A9', '%ff', ', ', ' \t', ';p=1', '=1', ',a=', '😀', 'true', 'constructor', '__proto__'],
];

/** Returns random integers below `limit`, the same for the same seed. */
function dice(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function randomText(roll: (limit: number) => number, length: number): string {
  let text = '';
  while (text.length < length) text += PIECES[roll(PIECES.length)];
  return text;
}

/** Damages a header one to three times: truncates, inserts, overwrites, repeats, pads, or changes the case. */
function damaged(text: string, roll: (limit: number) => number): string {
  let result = text;
  for (let left = 1 + roll(3); left > 0; left--) {
    const at = roll(result.length + 1);
    const end = at + roll(4);
    const before = result.slice(0, at);
    switch (roll(9)) {
      case 0:
        result = before + result.slice(end);
        break;
      case 1:
        result = before + randomText(roll, 1) + result.slice(at);
        break;
      case 2:
        result = before + randomText(roll, 1) + result.slice(at + 1);
        break;
      case 3:
        result = before;
        break;
      case 4:
        result = `${result}${randomText(roll, 1)}${result.slice(at)}`;
        break;
      case 5:
        result = randomText(roll, 1 + roll(3)) + result;
        break;
      case 6:
        result = before + result.slice(at).toUpperCase();
        break;
      case 7:
        result = before + result.slice(at, end).repeat(roll(20)) + result.slice(end);
        break;
      default:
        result = randomText(roll, roll(80));
    }
  }
  return result;
}

// RFC 9110, sections 5.1 and 5.5.
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const VALUE = /^[\t -~]*$/;
const IDS = /^(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-3]$/;

/** Like `assert.ok`, which takes ten times as long and would dominate the run time. */
function check(isTrue: boolean, what: string): void {
  if (!isTrue) assert.fail(what);
}

const getter = {
  keys: Object.keys as (carrier: unknown) => string[],
  get: (carrier: unknown, name: string) => (carrier as Headers)[name],
};
const setter = {
  set(carrier: unknown, name: string, value: string) {
    check(NAME.test(name) && VALUE.test(value), `${name}: ${value} is no header`);
    (carrier as Headers)[name] = value;
  },
};

/** The ids and flags of the span in a context; `''` if there is none. */
function spanOf(context: Context): string {
  const spanContext = spanIn(context)?.spanContext();
  return spanContext ? `${spanContext.traceId}-${spanContext.spanId}-${spanContext.traceFlags}` : '';
}

/** True if the headers contain a context. Fails if that is invalid, or changes when it is propagated further. */
function isFound(propagator: TextMapPropagator, headers: Headers): boolean {
  const context = propagator.extract(ROOT_CONTEXT, headers, getter);
  if (context === ROOT_CONTEXT) return false;
  const span = spanOf(context);
  const entries = baggageIn(context)?.getAllEntries().length;
  check(span !== '' || entries !== undefined, 'neither span nor baggage was found');
  check(span === '' || IDS.test(span), `${span} is not valid`);
  // 64 for each format.
  check(entries === undefined || (entries > 0 && entries <= 128), `${entries} entries of baggage`);
  const onward = {};
  const again = {};
  propagator.inject(context, onward, setter);
  const received = propagator.extract(ROOT_CONTEXT, onward, getter);
  propagator.inject(received, again, setter);
  check(spanOf(received) === span, `${span} became ${spanOf(received)}`);
  check(JSON.stringify(again) === JSON.stringify(onward), 'what was sent on is not what is sent on next');
  return true;
}

/**
 * For each propagator, tests this many headers: valid ones of its format, damaged ones, and random ones. A failure
 * shows the headers, and the seed that reproduces them.
 */
export function testWithRandomHeaders(each: number): void {
  describe(`with ${each.toLocaleString('en')} random headers`, () => {
    for (const [name, propagator] of Object.entries(everyPropagator)) {
      const isComposite = name === 'all of them';
      // Its parts have been tested with as many.
      const count = isComposite ? each / 10 : each;
      it(`the propagator for ${name} accepts valid headers, propagates what it accepted, and never throws`, () => {
        let found = 0;
        fc.assert(
          fc.property(SENT[name], fc.integer(), (sent, seed) => {
            const roll = dice(seed);
            const names = Object.keys(sent);
            for (let left = MUTATIONS; left > 0; left--) {
              const headers: Headers = { ...sent };
              const field = names[roll(names.length)];
              const text = damaged(sent[field] as string, roll);
              headers[field] = roll(8) === 0 ? [text, sent[field] as string] : text;
              try {
                if (isFound(propagator, headers)) found++;
              } catch (error) {
                throw new Error(`${JSON.stringify(headers)}: ${error}`, { cause: error });
              }
            }
          }),
          { numRuns: Math.ceil(count / MUTATIONS), endOnFailure: true, includeErrorInReport: true },
        );
        assert.ok(found > count / 50, `only ${found} of ${count} were found`);
        if (!isComposite) assert.ok(found < count, 'everything was found');
      });
    }
  });
}
