import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { Attributes } from '../../src/core/attributes.ts';
import type { ReadableSpan, Span } from '../../src/core/span.ts';
import { type TracePart, type WaterfallStyle, waterfall } from '../../src/export/waterfall.ts';
import { spanDescriptions } from '../oracle/span-description.ts';
import { describedSpans, expressible } from './described-spans.ts';
import { at, printing } from './printed-trace.ts';

const PLAIN: WaterfallStyle = { columns: 80, hasColor: false, hasUnicode: true };
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const ESCAPE = '\x1b';
const SGR = new RegExp(`${ESCAPE}\\[(\\d+)m`, 'g');
const COLORED_LINE = new RegExp(`^([^${ESCAPE}]|${ESCAPE}\\[\\d+m[^${ESCAPE}]*${ESCAPE}\\[0m)*$`);

/** A turn of a voice agent, whose speech failed. */
function turn(): TracePart {
  const { start, ended } = printing();
  const root = start('pipeline.agent.push', 0, undefined, {
    attributes: { 'pipeline.name': 'agent', 'session.id': 's1' },
  });
  const stt = start('element.stt.process', 0, root, {
    attributes: { 'session.id': 's1', 'audio.sample_rate': 16_000 },
  });
  stt.end(at(120));
  const llm = start('element.llm.process', 120, root, { attributes: { 'session.id': 's1' } });
  const request = start('llm.request', 130, llm, { attributes: { 'llm.provider': 'openai', 'llm.model': 'gpt-4o' } });
  request.addEvent('llm.first_token', at(380)).end(at(780));
  llm.end(at(800));
  const tts = start('element.tts.process', 800, root, { attributes: { 'tts.voice': 'en-US-Neural' } });
  const speech = new RangeError('voice "en-US-Neural" is not there');
  speech.stack = `RangeError: not there\n    at native (node:fs:1:2)\n    at speak (file:///app/src/tts.ts:12:9)`;
  tts.recordException(speech, at(950));
  tts.setStatus({ code: 2, message: speech.message }).end(at(960));
  root.end(at(1_000));
  return { traceId: TRACE_ID, spans: ended };
}

describe('a trace is a heading, an axis and a line a span', () => {
  test('in 80 columns', () => {
    assertPicture(
      turn(),
      PLAIN,
      `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  1.00 s  5 spans  ✗ 1 failed  ◄ slowest: llm.request
                                     │0                    │500 ms
  pipeline.agent.push       1.00 s   ─────────────────────────────────────────━━
  │  session.id=s1
  ├─ element.stt.process    120 ms   ━━━━━
  │     audio.sample_rate=16000
  ├─ element.llm.process    680 ms        ━────────────────────────────
  │  └─ llm.request         650 ms ◄       ━━━━━━━━━━◆━━━━━━━━━━━━━━━━━
  │        ◆ llm.first_token +250 ms  llm.provider=openai  llm.model=gpt-4o
  └─ ✗ element.tts.process  160 ms                                     ━━━━━━✗
        RangeError: voice "en-US-Neural" is not there
        at speak (/app/src/tts.ts:12:9)
        tts.voice=en-US-Neural
`,
    );
  });

  test('in 160 columns', () => {
    assertPicture(
      turn(),
      { ...PLAIN, columns: 160 },
      `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z  1.00 s  5 spans  ✗ 1 failed  ◄ slowest: llm.request
                                     │0        │200 ms   │400 ms  │600 ms   │800 ms
  pipeline.agent.push       1.00 s   ───────────────────────────────────────────────━━  session.id=s1
  ├─ element.stt.process    120 ms   ━━━━━━                                             audio.sample_rate=16000
  ├─ element.llm.process    680 ms         ────────────────────────────────━
  │  └─ llm.request         650 ms ◄       ━━━━━━━━━━━━◆━━━━━━━━━━━━━━━━━━━             ◆ llm.first_token +250 ms  llm.provider=openai  llm.model=gpt-4o
  └─ ✗ element.tts.process  160 ms                                          ━━━━━━━✗    tts.voice=en-US-Neural
        RangeError: voice "en-US-Neural" is not there
        at speak (/app/src/tts.ts:12:9)
`,
    );
  });

  test('in ASCII', () => {
    assertPicture(
      turn(),
      { ...PLAIN, hasUnicode: false },
      `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  1.00 s  5 spans  ! 1 failed  < slowest: llm.request
                                     |0                    |500 ms
  pipeline.agent.push       1.00 s   -----------------------------------------==
  |  session.id=s1
  |- element.stt.process    120 ms   =====
  |     audio.sample_rate=16000
  |- element.llm.process    680 ms        =----------------------------
  |  \`- llm.request         650 ms <       ==========*=================
  |        * llm.first_token +250 ms  llm.provider=openai  llm.model=gpt-4o
  \`- ! element.tts.process  160 ms                                     ======!
        RangeError: voice "en-US-Neural" is not there
        at speak (/app/src/tts.ts:12:9)
        tts.voice=en-US-Neural
`,
    );
  });

  test('in colour', () => {
    assertPicture(
      turn(),
      { ...PLAIN, columns: 160, hasColor: true },
      `
<1:trace 0af7651916cd43dd8448eb211c80319c>  agent  2024-01-01T00:00:00.000Z  <1:1.00 s>  5 spans  <31:✗ 1 failed>  <33:◄ slowest: llm.request>
                                     <2:│0        │200 ms   │400 ms  │600 ms   │800 ms>
  <1:pipeline.agent.push>       1.00 s   <36:───────────────────────────────────────────────━━>  <2:session.id=s1>
  <2:├─ >element.stt.process    120 ms   <36:━━━━━━>                                             <2:audio.sample_rate=16000>
  <2:├─ >element.llm.process    680 ms         <36:────────────────────────────────━>
  <2:│  └─ ><33:llm.request>         <33:650 ms> <33:◄>       <33:━━━━━━━━━━━━><35:◆><33:━━━━━━━━━━━━━━━━━━━>             <35:◆ llm.first_token +250 ms>  <2:llm.provider=openai  llm.model=gpt-4o>
  <2:└─ ><31:✗ element.tts.process>  <31:160 ms>                                          <31:━━━━━━━><31:✗>    <2:tts.voice=en-US-Neural>
  <2:      ><31:RangeError: voice "en-US-Neural" is not there>
  <2:      ><2:at speak (/app/src/tts.ts:12:9)>
`,
    );
  });

  test('in as few as 40 columns', () => {
    assertPicture(
      turn(),
      { ...PLAIN, columns: 40 },
      `
trace 0af7651916cd43dd8448eb211c80319c
  agent  2024-01-01T00:00:00.000Z
  1.00 s  5 spans  ✗ 1 failed
  ◄ slowest: llm.request
                             │0
  pipeline…nt.push  1.00 s   ───────────
  │  session.id=s1
  ├─ elemen…rocess  120 ms   ━
  │     audio.sample_rate=16000
  ├─ elemen…rocess  680 ms    ────────
  │  └─ llm.r…uest  650 ms ◄  ━━━◆━━━━
  │        ◆ llm.fir…n +250 ms  (2 more)
  └─ ✗ elem…rocess  160 ms            ━✗
        RangeError: voice "en-US-Neural"
        is not there
        at speak (/app/src/tts.ts:12:9)
        tts.voice=en-US-Neural
`,
    );
  });
});

test('a single span has no axis, unless something happened in it', () => {
  const { start, ended } = printing();
  start('alone', 0, undefined, { attributes: { 'llm.model': 'gpt-4o' } }).end(at(2));
  assertPicture(
    { traceId: TRACE_ID, spans: ended, note: 'late' },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  2.0 ms  1 span  (late)
  alone  2.0 ms   llm.model=gpt-4o
`,
  );
  start('busy', 0).addEvent('half', at(1)).end(at(2));
  assertPicture(
    { traceId: TRACE_ID, spans: [ended[1]] },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  2.0 ms  1 span
                 │0              │500 µs         │1 ms          │1.5 ms
  busy  2.0 ms   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━◆━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     ◆ half +1.0 ms
`,
  );
});

test('what is open reaches to the end, what is below something unknown says so, and a note says what is wrong', () => {
  const { start, ended } = printing();
  const [open, lost] = [start('open', 0), start('lost', 0)];
  start('child', 1, open).end(at(2));
  start('orphan', 2, lost).end(at(4));
  start('other root', 3).end(at(4));
  assertPicture(
    { traceId: TRACE_ID, spans: ended, open: [open as Span & ReadableSpan], note: 'unfinished' },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  4.0 ms  4 spans  1 open  (unfinished)  ◄ slowest: orphan
                       │0            │1 ms          │2 ms         │3 ms
  open          open   ━━━━━━━━━━━━━━───────────────━━━━━━━━━━━━━━━━━━━━━━━━━━━▶
  └─ child    1.0 ms                 ━━━━━━━━━━━━━━━
  ╶─ orphan   2.0 ms ◄                              ━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        below 0000000000000004
  other root  1.0 ms                                              ━━━━━━━━━━━━━━
`,
  );
});

test('what is deep goes straight down', () => {
  const { start, ended } = printing();
  const chain = [start('span 0', 0)];
  for (let depth = 1; depth < 12; depth++) chain.push(start(`span ${depth}`, depth, chain[depth - 1]));
  for (const span of chain.reverse()) span.end(at(12));
  assertPicture(
    { traceId: TRACE_ID, spans: ended },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  12.0 ms  12 spans  ◄ slowest: span 0
                                        │0               │5 ms           │10 ms
  span 0                      12.0 ms ◄ ━━━─────────────────────────────────────
  └─ span 1                   11.0 ms      ━━━━─────────────────────────────────
     └─ span 2                10.0 ms          ━━━──────────────────────────────
        └─ span 3              9.0 ms             ━━━───────────────────────────
           └─ span 4           8.0 ms                ━━━━───────────────────────
              └─ span 5        7.0 ms                    ━━━────────────────────
                 └6 span 6     6.0 ms                       ━━━─────────────────
                 └7 span 7     5.0 ms                          ━━━━─────────────
                 └8 span 8     4.0 ms                              ━━━──────────
                 └9 span 9     3.0 ms                                 ━━━───────
                 └10 span 10   2.0 ms                                    ━━━━───
                 └11 span 11   1.0 ms                                        ━━━
`,
  );
});

test('columns stay where they are, whatever a name is', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  for (const name of [
    '会议.转写',
    '👩‍👩‍👧 👍🏽',
    'e\u0301te\u0301',
    'שלום',
    '\x1b[2J\x9b1mevil\u202e',
    'x'.repeat(10_000),
  ]) {
    start(name, 3, root).end(at(5));
  }
  root.end(at(10));
  assertPicture(
    { traceId: TRACE_ID, spans: ended },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  10.0 ms  7 spans  ◄ slowest: root
                                                 │0              │5 ms
  root                                 10.0 ms ◄ ━━━━━━━━━───────━━━━━━━━━━━━━━━
  ├─ 会议.转写                          2.0 ms            ━━━━━━━
  ├─ 👩👩👧 👍                          2.0 ms            ━━━━━━━
  ├─ été                                2.0 ms            ━━━━━━━
  ├─ שלום                            in 2.0 ms            ━━━━━━━
  ├─ �[2J�1mevil�                       2.0 ms            ━━━━━━━
  └─ xxxxxxxxxxxxxxx…xxxxxxxxxxxxxx     2.0 ms            ━━━━━━━
`,
  );
});

test('an hour, an instant and a clock that stood still', () => {
  const { start, ended } = printing();
  const root = start('hour', 0);
  start('instant', 1_800_000, root).end(at(1_800_000));
  start('end', 3_600_000, root).end(at(3_600_000));
  root.end(at(3_600_000));
  assertPicture(
    { traceId: TRACE_ID, spans: ended },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z
  1 h 0 min  3 spans  ◄ slowest: hour
                          │0       │10 min  │20 min  │30 min  │40 min  │50 min
  hour        1 h 0 min ◄ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
  ├─ instant       0 µs                              ╸
  └─ end           0 µs                                                        ╸
`,
  );
  const still = printing();
  const stood = still.start('stood', 0);
  still.start('still', 0, stood).end(at(0));
  stood.end(at(0));
  assertPicture(
    { traceId: TRACE_ID, spans: still.ended },
    PLAIN,
    `
trace 0af7651916cd43dd8448eb211c80319c  agent  2024-01-01T00:00:00.000Z  0 µs
  2 spans
                   │0
  stood     0 µs   ╸
  └─ still  0 µs   ╸
`,
  );
});

test('of a long trace the middle is not shown, but what failed and what took longest is', () => {
  const { start, ended } = printing();
  const root = start('root', 0);
  for (let child = 1; child < 10_000; child++) {
    const span = start(`child ${child}`, child, root);
    if (child === 5_000 || child > 9_900) span.setStatus({ code: 2, message: `failure ${child}` });
    span.end(at(child + (child === 7_000 ? 100 : 1)));
  }
  root.end(at(10_000));
  const rows = linesOf(waterfall({ traceId: TRACE_ID, spans: ended }, PLAIN));
  assert.match(rows[1], /10\.00 s {2}10000 spans {2}✗ 100 failed {2}◄ slowest: child 7000/);
  const hidden = rows.filter((row) => row.includes('⋮'));
  assert.deepEqual(hidden, [
    '  ⋮ 4880 spans not shown',
    '  ⋮ 1999 spans not shown',
    '  ⋮ 2900 spans not shown',
    '  ⋮ 20 spans not shown, 20 failed',
  ]);
  assert.ok(
    rows.some((row) => row.includes('failure 5000')),
    'the failure in the middle is shown',
  );
});

describe('of attributes', () => {
  const attributes: Attributes = {
    'user.id': 'u1',
    'http.route': '/talk',
    'llm.model': 'gpt-4o',
    'session.id': 's1',
    'audio.codec': 'opus',
  };

  function shown(chosen: readonly string[] | undefined, columns = 160): string {
    const { start, ended } = printing();
    const root = start('root', 0, undefined, { attributes: { 'session.id': 's1' } });
    start('element.opus.process', 1, root, { attributes }).end(at(2));
    root.end(at(3));
    const text = waterfall({ traceId: TRACE_ID, spans: ended }, { ...PLAIN, columns, attributes: chosen });
    return text.slice(text.indexOf('element.opus.process')).replaceAll(/\s+│?\s*/g, ' ');
  }

  test('those that are telling come first, and those of the parent or in the name not again', () => {
    assert.match(shown(undefined), /━ llm\.model=gpt-4o user\.id=u1 http\.route=\/talk $/);
  });

  test('those that are chosen are shown, by key or beginning', () => {
    assert.match(shown(['session.id', 'audio.*']), /━ session\.id=s1 audio\.codec=opus $/);
    assert.match(shown(['*']), /user\.id=u1 .* audio\.codec=opus $/);
    assert.match(shown(['llm']), /━ $/);
    assert.match(shown([]), /━ $/);
  });

  test('those that were chosen have lines of their own where there is no room', () => {
    assert.match(shown(['*'], 60), / user\.id=u1 http\.route=\/talk .* audio\.codec=opus $/);
  });

  for (const [value, text] of [
    ['plain-text_1.0:/@+', 'plain-text_1.0:/@+'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a="b"', '"a=\\"b\\""'],
    ['x'.repeat(60), 'x'.repeat(60)],
    ['x'.repeat(61), `${'x'.repeat(60)}…`],
    [`${'x'.repeat(59)}😀!`, `${'x'.repeat(59)}…`],
    [1.5, '1.5'],
    [10n ** 18n, '1000000000000000000'],
    [false, 'false'],
    [new Uint8Array(3), '<3 bytes>'],
    [[1, null, 'a', 2n], '[1,null,"a","2"]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [[`${'x'.repeat(57)}😀😀`], `["${'x'.repeat(57)}…`],
  ] as [Attributes[string], string][]) {
    test(`a value is shown as ${text}`, () => {
      const { start, ended } = printing();
      start('a', 0, undefined, { attributes: { key: value } }).end(at(1));
      assert.equal(
        linesOf(waterfall({ traceId: TRACE_ID, spans: ended }, { ...PLAIN, columns: 160 }))[1],
        `  a  1.0 ms   key=${text}`,
      );
    });
  }
});

describe('of events and links', () => {
  function details(write: (span: Span) => void): string {
    const { start, ended } = printing();
    const span = start('a', 0);
    write(span);
    span.end(at(10));
    const [, ...lines] = linesOf(waterfall({ traceId: TRACE_ID, spans: ended }, { ...PLAIN, columns: 160 }));
    return lines.join('\n').replaceAll(/ +/g, ' ');
  }

  test('an event has its time, several of a name their number', () => {
    const text = details((span) => span.addEvent('one', at(2.5)).addEvent('many', at(3)).addEvent('many', at(4)));
    assert.match(text, /━◆━.*◆ one \+2\.5 ms ◆ many ×2$/);
  });

  test('an event before or after the span is at its edge', () => {
    assert.match(
      details((span) => span.addEvent('early', at(-9)).addEvent('late', at(90))),
      / ◆━+◆ ◆ early \+0 µs/,
    );
  });

  test('a link names the trace it leads to, or the span within its own', () => {
    const linked = { traceId: TRACE_ID, spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const text = details((span) =>
      span.addLinks([{ context: linked }, { context: { ...linked, traceId: span.spanContext().traceId } }]),
    );
    assert.match(text, new RegExp(`→ trace ${TRACE_ID} → span b7ad6b7169203331`));
  });

  test('both are there in ASCII', () => {
    const { start, ended } = printing();
    const span = start('a', 0).addEvent('first', at(2));
    span.addLink({ context: { traceId: TRACE_ID, spanId: 'b7ad6b7169203331', traceFlags: 1 } }).end(at(4));
    const text = waterfall({ traceId: TRACE_ID, spans: ended }, { ...PLAIN, hasUnicode: false });
    assert.ok(text.includes(`* first +2.0 ms  > trace ${TRACE_ID}`), text);
  });
});

describe('an error', () => {
  function printed(write: (span: Span) => void): string[] {
    const { start, ended } = printing();
    const span = start('a', 0);
    write(span);
    span.end(at(10));
    return linesOf(waterfall({ traceId: TRACE_ID, spans: ended }, { ...PLAIN, columns: 110 })).slice(1);
  }

  function thrown(stack: string) {
    return { name: 'TypeError', message: 'no', stack };
  }

  test('is the message of the status where nothing was thrown', () => {
    assert.deepEqual(
      printed((span) => span.setStatus({ code: 2, message: 'quota' })),
      ['  ✗ a  10.0 ms', '     quota'],
    );
    assert.deepEqual(
      printed((span) => span.setStatus({ code: 2 })),
      ['  ✗ a  10.0 ms', '     failed'],
    );
  });

  test('is both where they differ', () => {
    const [, , message] = printed((span) => {
      span.recordException(thrown(''), at(1));
      span.setStatus({ code: 2, message: 'gave up' });
    });
    assert.equal(message, '     TypeError: no, gave up');
  });

  test('that was handled does not make the span one that failed', () => {
    const rows = printed((span) => span.recordException(thrown(''), at(5)));
    assert.match(rows[1], /^ {2}a {2}10\.0 ms {3}━+✗━+$/);
    assert.equal(rows[2], '     TypeError: no');
  });

  for (const [engine, stack, place] of [
    [
      'V8',
      'TypeError: no\n    at async Object.run (/app/a.js:1:2)\n    at b (/app/b.js:3:4)',
      'at async Object.run (/app/a.js:1:2)',
    ],
    ['V8, without a name', 'TypeError: no\n    at file:///app/a.js:1:2', 'at /app/a.js:1:2'],
    [
      'V8, from a library',
      'E: no\n    at l (/app/node_modules/l.js:1:2)\n    at b (/app/b.js:3:4)',
      'at b (/app/b.js:3:4)',
    ],
    ['V8, from a library alone', 'E: no\n    at l (/app/node_modules/l.js:1:2)', 'at l (/app/node_modules/l.js:1:2)'],
    ['SpiderMonkey', 'run@https://app/a.js:1:2\n@https://app/b.js:3:4\n', 'run@https://app/a.js:1:2'],
  ] as const) {
    test(`is said to be thrown where the stack says: ${engine}`, () => {
      assert.equal(printed((span) => span.recordException(thrown(stack), at(5)))[3], `     ${place}`);
    });
  }

  test('that went through several spans is told where it came from', () => {
    const { start, ended } = printing();
    const root = start('root', 0);
    const child = start('child', 1, root);
    for (const span of [child, root]) {
      span.recordException(thrown(''), at(2));
      span.setStatus({ code: 2, message: 'no' }).end(at(3));
    }
    const text = waterfall({ traceId: TRACE_ID, spans: ended }, PLAIN);
    assert.equal(text.split('TypeError: no').length, 2, text);
    assert.match(text, /✗ 2 failed[\s\S]*✗ root[\s\S]*✗ child[\s\S]*TypeError: no/);
  });

  test('that went through a span to one that is not shown is told where it can be', () => {
    const { start, ended } = printing();
    const root = start('root', 0);
    for (let child = 0; child < 300; child++) {
      const span = start('child', child, root);
      if (child > 120 && child < 200) span.setStatus({ code: 2, message: child === 199 ? 'the last' : `no ${child}` });
      span.end(at(child + 1));
    }
    root.setStatus({ code: 2, message: 'the last' }).end(at(300));
    const text = waterfall({ traceId: TRACE_ID, spans: ended }, PLAIN);
    assert.match(text, /✗ root [^\n]*\n {2}│ {2}the last\n/);
  });

  test('of a thousand lines has three', () => {
    const rows = printed((span) => span.setStatus({ code: 2, message: 'what went wrong is this\n'.repeat(1_000) }));
    assert.equal(rows.length, 4);
    assert.match(rows[3], / …$/);
  });
});

describe('whatever a trace holds', () => {
  const styles = fc.record({
    columns: fc.oneof(fc.integer({ min: 40, max: 200 }), fc.constantFrom(40, 80, 160)),
    hasUnicode: fc.boolean(),
    attributes: fc.option(fc.constant(['*']), { nil: undefined }),
  });
  const traces = spanDescriptions({ loneSurrogates: true }).map(expressible).map(describedSpans);

  test('no line is wider than it may be, and none has more than colours in it that a terminal obeys', () => {
    fc.assert(
      fc.property(traces, styles, fc.boolean(), (spans, style, hasColor) => {
        const text = waterfall({ traceId: TRACE_ID, spans }, { ...style, hasColor });
        assert.ok(text === '' || text.endsWith('\n'), 'whole lines');
        const plain = text.replace(SGR, '');
        for (const line of linesOf(plain)) {
          assert.ok(stringWidth(line) <= style.columns, `${stringWidth(line)} of ${style.columns} columns: ${line}`);
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
          if (!style.hasUnicode) assert.match(line, /^[ -~]*$/);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('colours change nothing else, and none is open at the end of a line', () => {
    fc.assert(
      fc.property(traces, styles, (spans, style) => {
        const trace = { traceId: TRACE_ID, spans };
        const colored = waterfall(trace, { ...style, hasColor: true });
        assert.equal(colored.replace(SGR, ''), waterfall(trace, { ...style, hasColor: false }));
        for (const line of linesOf(colored)) assert.match(line, COLORED_LINE);
      }),
      { numRuns: 100 },
    );
  });

  test('a width that is none is 80, and no spans are no text', () => {
    assert.equal(waterfall(turn(), { ...PLAIN, columns: Number.NaN }), waterfall(turn(), PLAIN));
    assert.equal(waterfall(turn(), { ...PLAIN, columns: -1 }), waterfall(turn(), { ...PLAIN, columns: 40 }));
    assert.equal(waterfall({ traceId: TRACE_ID, spans: [] }, PLAIN), '');
  });
});

/** The text as it is, but for the escapes of colours, which are written as their numbers in angle brackets. */
function assertPicture(trace: TracePart, style: WaterfallStyle, expected: string): void {
  const text = waterfall(trace, style).replace(SGR, (_, code: string) => (code === '0' ? '>' : `<${code}:`));
  assert.equal(`\n${text}`, expected);
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}
