import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Attributes } from '../../src/core/attributes.ts';
import type { Span } from '../../src/core/span.ts';
import { traceTree } from '../../src/export/trace-tree.ts';
import { spanDescriptions } from '../oracle/span-description.ts';
import { describedSpans, expressible } from './described-spans.ts';
import { at, printing } from './printed-trace.ts';

test('a trace is a line, then a line a span, children below their parent in the order of their starts', () => {
  const { start, ended } = printing();
  const root = start('pipeline', 0, undefined, { attributes: { 'session.id': 'a1', turns: 3 } });
  const later = start('llm', 20, root, { attributes: { model: 'gemini 2.0', stream: true } });
  const earlier = start('stt', 5, root);
  start('decode', 6, earlier).end(at(7));
  start('resample', 7, earlier).end(at(8));
  earlier.end(at(15));
  later.addEvent('token').addEvent('token').addEvent('done').setStatus({ code: 2, message: 'quota exceeded' });
  later.end(at(1_520));
  root.setStatus({ code: 1 }).end(at(2_000));
  assert.equal(
    traceTree(ended, ''),
    [
      'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00.000Z  2.00 s  5 spans',
      '  pipeline  2.00 s  OK  session.id=a1  turns=3',
      '  ├─ stt  10.0 ms',
      '  │  ├─ decode  1.0 ms',
      '  │  └─ resample  1.0 ms',
      '  └─ llm  1.50 s  ERROR "quota exceeded"  model="gemini 2.0"  stream=true  [token x2]  [done]',
    ].join('\n'),
  );
});

test('spans whose parent is not there stand at the left, and a note says what is wrong', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  start('b', 2, root).end(at(3));
  start('a', 1, root).end(at(2));
  assert.equal(
    traceTree(ended, 'unfinished'),
    [
      'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00.001Z  2.0 ms  2 spans  (unfinished)',
      '  a  1.0 ms',
      '  b  1.0 ms',
    ].join('\n'),
  );
});

describe('a length', () => {
  for (const [nanoseconds, text] of [
    [0, '0 µs'],
    [1_499, '1 µs'],
    [999_000, '999 µs'],
    [1_000_000, '1.0 ms'],
    [99_900_000, '99.9 ms'],
    [100_000_000, '100 ms'],
    [999_000_000, '999 ms'],
    [1_000_000_000, '1.00 s'],
    [59_990_000_000, '59.99 s'],
    [60_000_000_000, '1 min 0 s'],
    [119_400_000_000, '1 min 59 s'],
    [119_999_000_000, '2 min 0 s'],
    [3_661_000_000_000, '61 min 1 s'],
  ] as const) {
    test(`of ${nanoseconds} ns is “${text}”`, () => {
      const { start, ended } = printing();
      start('a', 0).end([at(0)[0] + Math.floor(nanoseconds / 1e9), nanoseconds % 1e9]);
      assert.equal(lines(ended)[1], `  a  ${text}`);
    });
  }
});

describe('a value', () => {
  for (const [value, text] of [
    ['plain-text_1.0:/@+', 'plain-text_1.0:/@+'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a="b"', '"a=\\"b\\""'],
    ['x'.repeat(60), 'x'.repeat(60)],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [`${'x'.repeat(59)}😀!`, `"${'x'.repeat(59)}…"`],
    [1.5, '1.5'],
    [10n ** 18n, '1000000000000000000'],
    [false, 'false'],
    [new Uint8Array(3), '<3 bytes>'],
    [[1, null, 'a', 2n], '[1,null,"a","2"]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [[`${'x'.repeat(57)}😀😀`], `["${'x'.repeat(57)}…`],
  ] as [Attributes[string], string][]) {
    test(`is shown as ${text}`, () => {
      const { start, ended } = printing();
      start('a', 0, undefined, { attributes: { key: value } }).end(at(1));
      assert.equal(lines(ended)[1], `  a  1.0 ms  key=${text}`);
    });
  }
});

describe('what could move a cursor, colour a terminal or turn a line', () => {
  const hostile = '\x1b[31mred\r\n\x07\x9b2J\u202eevil\u2066\u200f\u2028\x7f';

  test('is not in the text, wherever it was', () => {
    const { start, ended } = printing();
    const span: Span = start(hostile, 0, undefined, {
      attributes: { [hostile]: hostile, list: [hostile], map: { [hostile]: hostile } },
    });
    span.addEvent(hostile).setStatus({ code: 2, message: hostile }).end(at(1));
    const rows = lines(ended);
    assert.equal(rows.length, 2);
    assert.doesNotMatch(rows.join(''), /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
    assert.match(rows[1], /^ {2}\ufffd\[31mred\ufffd\ufffd/);
  });

  test('nor in that of random spans, which have a line each', () => {
    fc.assert(
      fc.property(spanDescriptions({ loneSurrogates: true }), (descriptions) => {
        const spans = describedSpans(expressible(descriptions));
        const rows = traceTree(spans, '').split('\n');
        assert.ok(rows.every((row) => !/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(row)));
      }),
      { numRuns: 100 },
    );
  });
});

test('spans with the same id, by a generator that is broken, are printed once each', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  const child = start('child', 1, root);
  Object.defineProperty(child, 'spanContext', { value: () => root.spanContext() });
  child.end(at(2));
  root.end(at(3));
  assert.deepEqual(lines(ended).slice(1), ['  root  3.0 ms', '  └─ child  1.0 ms']);
});

test('a chain of thousands of spans is printed', () => {
  const { start, ended } = printing();
  const chain = [start('span 0', 0)];
  for (let depth = 1; depth < 9_000; depth++) chain.push(start(`span ${depth}`, depth, chain[depth - 1]));
  for (const span of chain.reverse()) span.end(at(10_000));
  const rows = lines(ended);
  assert.equal(rows.length, 9_001);
  assert.match(rows[3], /^ {5}└─ span 2 {2}/);
  assert.match(rows[9_000], /^ {152}└─ span 8999 {2}/);
});

function lines(spans: Parameters<typeof traceTree>[0]): string[] {
  return traceTree(spans, '').split('\n');
}
