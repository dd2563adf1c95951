import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { ReadableSpan } from '../../src/core/span.ts';
import { columnsOf } from '../../src/export/text-width.ts';
import { type TracePart, type WaterfallStyle, waterfall } from '../../src/export/waterfall.ts';
import { spanDescriptions } from '../oracle/span-description.ts';
import { describedSpans, expressible } from './described-spans.ts';
import { at, printing } from './printed-trace.ts';

const PLAIN: WaterfallStyle = { columns: 80, hasColor: false, hasUnicode: true };

function lines(
  part: readonly ReadableSpan[] | Omit<TracePart, 'traceId'>,
  style: Partial<WaterfallStyle> = {},
): string[] {
  const rest = 'spans' in part ? part : { spans: part };
  const text = waterfall({ traceId: rest.spans[0].spanContext().traceId, ...rest }, { ...PLAIN, ...style });
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  return text.slice(0, -1).split('\n');
}

/** A turn of a conversation with a slow language model and a voice that fails. */
function turn(): readonly ReadableSpan[] {
  const { start, ended } = printing();
  const root = start('turn', 0, undefined, { attributes: { 'session.id': 'a1' } });
  start('stt.request', 0, root, { attributes: { 'stt.provider': 'azure' } }).end(at(200));
  const llm = start('llm.request', 200, root, { attributes: { 'llm.model': 'echo 1', 'session.id': 'a1' } });
  llm.addEvent('llm.first_token', at(500));
  llm.end(at(900));
  const tts = start('tts.request', 900, root);
  tts.addEvent('exception', { 'exception.type': 'QuotaError', 'exception.message': 'no more' }, at(990));
  tts.setStatus({ code: 2, message: 'no more' });
  tts.end(at(1_000));
  root.end(at(1_000));
  return ended;
}

describe('a trace', () => {
  test('at 80 columns', () => {
    assert.deepEqual(lines(turn()), [
      'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00.000Z  1.00 s',
      '  4 spans  1 error',
      '                        0          200 ms     400 ms      600 ms     800 ms',
      'turn            1.00 s  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━',
      '│  session.id=a1',
      '├─ stt.request  200 ms  ━━━━━━━━━━━',
      '│     stt.provider=azure',
      '├─ llm.request  700 ms             ━━━━━━━━━━━━━━━━━◆━━━━━━━━━━━━━━━━━━━━━╸',
      '│     ◀ slowest: 70 %  ◆ llm.first_token +300 ms  llm.model="echo 1"',
      '└─ tts.request  100 ms                                                    ╺━━━━◆',
      '      ✗ QuotaError: no more',
    ]);
  });

  test('at 160 columns, with the details after the bars', () => {
    const rows = lines(turn(), { columns: 160 });
    assert.deepEqual(
      rows.map((row) => row.slice(0, 100).trimEnd()),
      [
        'trace 00000000000000000000000000000001  agent  2024-01-01T00:00:00.000Z  1.00 s  4 spans  1 error',
        '                        0                      500 ms',
        'turn            1.00 s  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  session.id=a1',
        '├─ stt.request  200 ms  ━━━━━━━━━                                       stt.provider=azure',
        '├─ llm.request  700 ms           ━━━━━━━━━━━━━━◆━━━━━━━━━━━━━━━━━╸      ◀ slowest: 70 %  ◆ llm.first',
        '└─ tts.request  100 ms                                           ╺━━━◆',
        '      ✗ QuotaError: no more',
      ].map((row) => row.trimEnd()),
    );
    assert.match(rows[4], /◀ slowest: 70 % {2}◆ llm\.first_token \+300 ms {2}llm\.model="echo 1"$/);
  });

  test('at 160 columns, with details that are too long for their place below the bars', () => {
    const { start, ended } = printing();
    const span = start('turn', 0);
    span.setAttributes({ 'session.id': 'a'.repeat(40), 'user.id': 'b'.repeat(40) }).end(at(10));
    const [, row, below, ...others] = lines(ended, { columns: 160 });
    assert.match(row, /^turn {2}10\.0 ms {2}━+$/);
    assert.equal(below, `   session.id=${'a'.repeat(40)}  user.id=${'b'.repeat(40)}`);
    assert.deepEqual(others, []);
  });

  test('without Unicode', () => {
    const rows = lines(turn(), { hasUnicode: false });
    assert.deepEqual(rows.slice(5), [
      '|- stt.request  200 ms  ===========',
      '|     stt.provider=azure',
      '|- llm.request  700 ms             =================*======================',
      '|     <- slowest: 70 %  * llm.first_token +300 ms  llm.model="echo 1"',
      '`- tts.request  100 ms                                                    =====*',
      '      x QuotaError: no more',
    ]);
    assert.doesNotMatch(rows.join(''), /[^ -~]/);
  });

  test('in color: slow spans in yellow, failed ones in red, less important text fainter', () => {
    const rows = lines(turn(), { hasColor: true });
    const shown = rows.map((row) => row.replaceAll('\x1b[', '^'));
    assert.match(shown[0], /^\^1mtrace 0+1\^0m {2}agent/);
    assert.match(shown[1], /\^31m1 error\^0m/);
    assert.match(shown[5], /\^36m━+\^0m$/);
    assert.match(shown[7], /\^33m700 ms\^0m.*\^33m━+◆━+╸\^0m$/);
    assert.match(shown[9], /\^31mtts\.request.*\^31m╺━+◆\^0m$/);
    assert.match(shown[10], /\^31m✗ QuotaError: no more\^0m$/);
    assert.deepEqual(rows.map(stripVTControlCharacters), lines(turn()));
  });

  test('of one span has no axis, since there is nothing to compare', () => {
    const { start, ended } = printing();
    start('call', 0).end(at(3));
    assert.equal(lines(ended, { columns: 100 }).length, 2);
    assert.match(lines(ended, { columns: 100 })[1], /^call {2}3\.0 ms {2}━+$/);
  });

  test('says in its heading what it lacks', () => {
    assert.match(lines({ spans: turn(), note: 'late' })[1], /1 error {2}\(late\)$/);
  });

  test('shows the open spans above it', () => {
    const { start, ended } = printing();
    const root = start('session', 0);
    start('turn', 2, root).end(at(4));
    const rows = lines({ spans: ended, open: [root as unknown as ReadableSpan], note: 'partial' });
    assert.match(rows.join('\n'), /\nsession {4}open {2}━+\n└─ turn {2}2\.0 ms {3,}╺━+$/);
  });
});

describe('a span', () => {
  test('does not repeat attributes of its parent, unless they are chosen, and then shows them first', () => {
    const rows = lines(turn(), { attributes: ['session.*', 'tts.voice'] });
    assert.ok(
      rows.some((row) => /slowest: 70 % {2}session\.id=a1 {2}◆ llm\.first_token \+300 ms$/.test(row)),
      rows.join('\n'),
    );
    assert.ok(
      rows.every((row) => !row.includes('stt.provider')),
      'it is not asked for',
    );
  });

  test('has its links', () => {
    const { start, ended } = printing();
    const [one, other] = [start('one', 0), start('other', 0)];
    const linked = start('linked', 0, one);
    linked.addLink({ context: other.spanContext() }).addLink({ context: one.spanContext() });
    linked.end(at(1));
    assert.match(lines(ended).at(-1) as string, /^ {3}→ trace 0+3 {2}→ span 0+2$/);
  });

  test('counts events with the same name, from the first to the last', () => {
    const { start, ended } = printing();
    const span = start('tts', 0);
    for (const millis of [20, 10, 30]) span.addEvent('chunk', {}, at(millis));
    for (const name of ['flush', 'flush']) span.addEvent(name, {}, at(30));
    span.end(at(40));
    assert.match(lines(ended).at(-1) as string, /◆ chunk x3 \+10\.0 ms to \+30\.0 ms {2}◆ flush x2 \+30\.0 ms$/);
  });

  test('shows the attributes of an event that occurs once', () => {
    const { start, ended } = printing();
    const span = start('call', 0);
    span.addEvent('retry', { attempt: 2, reason: 'no answer' }, at(1));
    span.addEvent('chunk', { size: 1 }, at(2)).addEvent('chunk', { size: 2 }, at(3));
    span.end(at(4));
    assert.match(
      lines(ended).join(''),
      /◆ retry \+1\.0 ms \(attempt=2 reason="no answer"\) {2}◆ chunk x2 \+2\.0 ms to \+3\.0 ms$/,
    );
  });

  test('does not repeat what its name says, unless it is chosen', () => {
    const { start, ended } = printing();
    start('audio.encode', 0).setAttributes({ 'audio.operation': 'encode', 'audio.codec': 'pcm' }).end(at(1));
    assert.match(lines(ended).at(-1) ?? '', /^ +audio\.codec=pcm$/);
    assert.match(
      lines(ended, { attributes: ['audio.*'] }).at(-1) ?? '',
      /audio\.operation=encode {2}audio\.codec=pcm$/,
    );
  });

  test('without a name has a placeholder', () => {
    const { start, ended } = printing();
    start('', 0).end(at(1));
    assert.match(lines(ended).at(-1) ?? '', /^\(no name\) {2}1\.0 ms/);
  });

  test('that failed without a message shows the type of the error', () => {
    const { start, ended } = printing();
    start('GET', 0).setAttribute('error.type', '500').setStatus({ code: 2 }).end(at(1));
    assert.match(lines(ended).at(-1) ?? '', /^ +✗ HTTP 500$/);
  });

  test('that threw a string shows only that', () => {
    const { start, ended } = printing();
    const span = start('call', 0);
    span.recordException('oops');
    span.setStatus({ code: 2, message: 'oops' }).end(at(1));
    assert.match(lines(ended).at(-1) ?? '', /^ +✗ oops/);
  });

  test('represents equal spans that follow it', () => {
    const { start, ended } = printing();
    const root = start('stream', 0);
    for (let frame = 0; frame < 12; frame++) {
      start('encode', 8 * frame, root)
        .setAttributes({ codec: 'opus', index: frame })
        .end(at(8 * frame + 1 + (frame % 3)));
    }
    for (let few = 0; few < 3; few++) start('few', 96, root).end(at(97));
    root.end(at(100));
    const rows = lines(ended);
    assert.match(rows[1], /16 spans$/);
    assert.deepEqual(
      rows.slice(3, 6).map((row) => row.trimEnd()),
      [
        'stream          100 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━',
        '├─ encode x12  24.0 ms  ╸   ╺╸   ━╸  ╺    ━   ╺━   ╸   ╺╸   ━╸  ╺    ━   ╺━',
        '│     each 1.0 ms to 3.0 ms  codec=opus',
      ],
    );
    assert.equal(rows.filter((row) => row.includes('few')).length, 3);
  });

  test('concurrent with equal ones counts its time once', () => {
    const { start, ended } = printing();
    const root = start('turn', 0);
    const parts = Array.from({ length: 8 }, () => start('embed', 10, root));
    for (const part of parts) part.end(at(90));
    root.end(at(100));
    const text = lines(ended).join('\n');
    assert.match(text, /embed x8 +80\.0 ms .*\n.*slowest: 80 % {2}each 80\.0 ms/);
  });

  test('with another error than its child, or an error without details, is counted and shows its own', () => {
    for (const [own, childs] of [
      ['500', '404'],
      ['', ''],
    ]) {
      const { start, ended } = printing();
      const fail = (span: ReturnType<typeof start>, type: string) => {
        if (type) span.setAttribute('error.type', type);
        span.setStatus({ code: 2 }).end(at(4));
      };
      const server = start('POST /answer', 0);
      fail(start('POST', 1, server), childs);
      fail(server, own);
      const text = lines(ended).join('\n');
      assert.match(text, /2 errors/);
      assert.match(text, own ? /✗ HTTP 500.*✗ HTTP 404/s : /✗ error.*✗ error/s);
    }
  });

  test('with the error of a child with a long name is printed quickly', () => {
    const { start, ended } = printing();
    const root = start('turn', 0);
    const child = start('ü'.repeat(1_000_000), 1, root);
    for (const span of [child, root]) {
      span.addEvent('exception', { 'exception.message': 10n });
      span.setStatus({ code: 2 }).end(at(2));
    }
    assert.match(lines(ended).join('\n'), /✗ from ü{20}/);
  });

  test('is shown separately from equal ones if it has details of its own', () => {
    const { start, ended } = printing();
    const root = start('stream', 0);
    const shown = (index: number) => {
      const span = start('frame', index, root);
      if (index === 4) span.addEvent('cut', {}, at(index));
      if (index === 9) span.setStatus({ code: 2, message: 'lost' });
      if (index === 14) start('below', index, span).end(at(index + 1));
      span.end(at(index + 1));
    };
    for (let index = 0; index < 19; index++) shown(index);
    root.end(at(20));
    const names = lines(ended).flatMap((row) => /─ (\w+(?: x\d)?)/.exec(row)?.[1] ?? []);
    assert.deepEqual(names, ['frame x4', 'frame', 'frame x4', 'frame', 'frame x4', 'frame', 'below', 'frame x4']);
  });

  test('with the error of its child refers to it, and is not counted', () => {
    const { start, ended } = printing();
    const fail = (span: ReturnType<typeof start>) => {
      span.recordException(new RangeError('too long'));
      span.setStatus({ code: 2, message: 'too long' }).end(at(4));
    };
    const root = start('turn', 0);
    const llm = start('llm.request', 1, root);
    fail(start('POST', 2, llm));
    fail(llm);
    fail(root);
    const rows = lines(ended);
    assert.match(rows[1], /3 spans {2}1 error$/);
    assert.deepEqual(
      rows.filter((row) => row.includes('✗')).map((row) => row.slice(row.indexOf('✗')).slice(0, 22)),
      ['✗ from llm.request', '✗ from POST', '✗ RangeError: too long'],
    );
  });

  test('shows where an exception was thrown', () => {
    const { start, ended } = printing();
    const span = start('call', 0);
    span.recordException(new RangeError('too far'));
    span.setStatus({ code: 2, message: 'too far' });
    span.end(at(1));
    assert.match(
      lines(ended).slice(-2).join(''),
      /✗ RangeError: too far {2}at .* \(export\/waterfall\.test\.ts:\d+:\d+\)$/,
    );
  });

  test('shows the cause of an exception', () => {
    const { start, ended } = printing();
    const span = start('call', 0);
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:4399'), { stack: undefined });
    const error = new TypeError('fetch failed', { cause });
    error.stack =
      'TypeError: fetch failed\n    at fetch (node:internal/deps/undici/undici:1:2)\n    at ask (app/stt.ts:3:4)';
    span.recordException(error);
    span.setStatus({ code: 2, message: 'fetch failed' });
    span.end(at(1));
    assert.equal(
      lines(ended).slice(-2).join('').replace(/ +/g, ' '),
      ' ✗ TypeError: fetch failed caused by connect ECONNREFUSED 127.0.0.1:4399 at ask (app/stt.ts:3:4)',
    );
  });

  for (const [stack, place] of [
    [
      'E: x\n    at new DOMException (node:internal/per_context/domexception:53:5)\n    at b (c.js:1:1)',
      'b (c.js:1:1)',
    ],
    ['E: x\n    at async read (file:///app/src/io/file.ts:3:4)\n    at b (c.js:1:1)', 'async read (io/file.ts:3:4)'],
    ['E: x\n    at C:\\app\\src\\main.js:3:4', 'src/main.js:3:4'],
    ['read@https://app.example/assets/main.js:3:4\nb@https://app.example/b.js:1:1', 'read (assets/main.js:3:4)'],
    ['@https://app.example/assets/main.js:3:4', 'assets/main.js:3:4'],
  ]) {
    test(`finds the top of a stack: ${place}`, () => {
      const { start, ended } = printing();
      const span = start('call', 0);
      span.addEvent('exception', { 'exception.stacktrace': stack });
      span.setStatus({ code: 2, message: 'x' }).end(at(1));
      assert.equal(lines(ended).at(-1), `   ✗ x  at ${place}`);
    });
  }

  test('that fails with a long message has three lines for it', () => {
    const { start, ended } = printing();
    start('call', 0)
      .setStatus({ code: 2, message: 'word '.repeat(1_000) })
      .end(at(1));
    const rows = lines(ended);
    assert.equal(rows.length, 3 + 3);
    assert.ok(rows.slice(3).every((row) => row.length > 60 && row.length <= 80));
  });

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
  ] as [never, string][]) {
    test(`shows a value as ${text}`, () => {
      const { start, ended } = printing();
      start('a', 0, undefined, { attributes: { key: value } }).end(at(1));
      assert.equal(lines(ended).at(-1), `   key=${text}`);
    });
  }
});

describe('any input', () => {
  test('no line is wider than the terminal or contains control characters', () => {
    const styles = fc.record({
      columns: fc.integer({ min: 40, max: 200 }),
      hasColor: fc.boolean(),
      hasUnicode: fc.boolean(),
    });
    fc.assert(
      fc.property(spanDescriptions({ loneSurrogates: true }), styles, (descriptions, style) => {
        const spans = describedSpans(expressible(descriptions));
        if (spans.length === 0) return;
        for (const row of lines(spans, style)) {
          const shown = stripVTControlCharacters(row);
          assert.doesNotMatch(shown, /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
          // Measures disagree about rare characters. The test of text-width.ts covers the known ones.
          assert.ok(columnsOf(shown) <= style.columns, `${columnsOf(shown)} of ${style.columns}: ${shown}`);
          assert.equal(shown !== row && !style.hasColor, false);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a name of 10,000 characters, escapes, and right-to-left text stay in their column', () => {
    const { start, ended } = printing();
    const root = start('x'.repeat(10_000), 0);
    start('\x1b[31m\x1b[2Jred\r\n', 1, root).end(at(2));
    start('שלום 12', 2, root).end(at(3));
    start('語'.repeat(100), 3, root).end(at(4));
    root.end(at(10));
    const rows = lines(ended);
    const bars = rows.filter((row) => row.includes('━'));
    assert.equal(bars.length, 4);
    for (const row of bars) assert.ok(stringWidth(row) <= 80, row);
    assert.match(bars[1], /^├─ \ufffd\[31m\ufffd\[2Jred\ufffd\ufffd +1\.0 ms/);
    assert.match(bars[2], /^├─ שלום 12\u200e +1\.0 ms/);
    // All bars begin at the same column as the axis.
    const first = stringWidth(rows[1].slice(0, rows[1].indexOf('0')));
    for (const row of bars)
      assert.equal(stringWidth(row.slice(0, row.search(/(?<=ms {2,})[━╺╸]/))) >= first, true, row);
  });

  test('a clock that stood still, spans of no length, and one of hours have bars', () => {
    const { start, ended } = printing();
    const root = start('still', 0);
    start('child', 0, root).end(at(0));
    root.end(at(0));
    assert.deepEqual(lines(ended).slice(2), ['                0', 'still     0 µs  ╸', '└─ child  0 µs  ╸']);
    const long = printing();
    const call = long.start('call', 0);
    long.start('blink', 3_600_000, call).end(at(3_600_000));
    call.end(at(2 * 3_600_000));
    assert.deepEqual(lines(long.ended).slice(2), [
      `                     0              30 min         1 h           1 h 30 min`,
      `call      2 h 0 min  ${'━'.repeat(59)}`,
      `└─ blink       0 µs  ${' '.repeat(29)}╺`,
    ]);
  });

  test('a trace of 10,000 spans is truncated in the middle, and shows the total', () => {
    const { start, ended } = printing();
    const root = start('root', 0);
    for (let index = 1; index < 10_000; index++) {
      const span = start(`span ${index}`, index, root);
      if (index === 5_000) span.setStatus({ code: 2 });
      span.end(at(index + 1));
    }
    root.end(at(20_000));
    const rows = lines(ended);
    assert.equal(rows.length, 2 + 1 + 200 + 1);
    assert.ok(rows.includes('… 9,800 spans omitted, including 1 error'), rows[103]);
    assert.match(rows[203], /^└─ span 9999 /);
  });

  test('a chain that is too deep for branches shows its depth', () => {
    const { start, ended } = printing();
    const chain = [start('span 0', 0)];
    for (let depth = 1; depth < 100; depth++) chain.push(start(`span ${depth}`, depth, chain[depth - 1]));
    for (const span of chain.reverse()) span.end(at(200));
    const rows = lines(ended);
    assert.ok(
      rows.some((row) => /^ {12,}└─ span 5 /.test(row)),
      rows.slice(0, 12).join('\n'),
    );
    assert.ok(
      rows.some((row) => row.startsWith('…99 span 99 ')),
      rows.at(-1),
    );
  });
});
