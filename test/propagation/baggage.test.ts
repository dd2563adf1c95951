import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ROOT_CONTEXT, suppressTracing } from '../../src/core/context.ts';
import {
  type Baggage,
  baggageIn,
  contextWithBaggage,
  createBaggage,
  W3CBaggagePropagator,
} from '../../src/propagation/baggage.ts';
import { diagnosticLog } from '../core/diagnostic-log.ts';
import { workOf } from './work.ts';

const propagator = new W3CBaggagePropagator();

/** `key`, `value` and, if present, `metadata` of each entry. */
function listOf(baggage: Baggage | undefined): string[][] {
  return (baggage?.getAllEntries() ?? []).map(([key, { value, metadata }]) =>
    metadata === undefined ? [key, value] : [key, value, metadata.toString()],
  );
}

function extracted(baggage: unknown): string[][] {
  const context = propagator.extract(ROOT_CONTEXT, { baggage });
  if (baggageIn(context) === undefined) assert.equal(context, ROOT_CONTEXT);
  return listOf(baggageIn(context));
}

function injected(baggage: Baggage): string | undefined {
  const carrier: { baggage?: string } = {};
  propagator.inject(contextWithBaggage(ROOT_CONTEXT, baggage), carrier);
  return carrier.baggage;
}

const roundTrip = (header: string): string | undefined => {
  const baggage = baggageIn(propagator.extract(ROOT_CONTEXT, { baggage: header }));
  return baggage === undefined ? undefined : injected(baggage);
};

const diagnostics = diagnosticLog();

describe('baggage', () => {
  it('holds the entries that it is created from, in order', () => {
    const baggage = createBaggage({ a: { value: '1' }, b: { value: '2', metadata: 'p' } });
    assert.deepEqual(listOf(baggage), [
      ['a', '1'],
      ['b', '2', 'p'],
    ]);
    assert.deepEqual(baggage.getEntry('a'), { value: '1' });
    assert.equal(baggage.getEntry('c'), undefined);
    assert.deepEqual(listOf(createBaggage()), []);
  });

  it('is immutable, and returns changed copies', () => {
    const baggage = createBaggage({ a: { value: '1' }, b: { value: '2' }, c: { value: '3' } });
    assert.deepEqual(listOf(baggage.setEntry('a', { value: '4' })), [
      ['a', '4'],
      ['b', '2'],
      ['c', '3'],
    ]);
    assert.deepEqual(listOf(baggage.setEntry('d', { value: '4' })).at(-1), ['d', '4']);
    assert.deepEqual(listOf(baggage.removeEntry('a')), [
      ['b', '2'],
      ['c', '3'],
    ]);
    assert.deepEqual(listOf(baggage.removeEntries('a', 'c', 'x')), [['b', '2']]);
    assert.deepEqual(listOf(baggage.clear()), []);
    assert.deepEqual(listOf(baggage), [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    baggage.getAllEntries().length = 0;
    assert.equal(baggage.getAllEntries().length, 3);
  });

  it('accepts any string as a key', () => {
    for (const key of ['__proto__', 'constructor', '', 'ä ']) {
      assert.equal(createBaggage().getEntry(key), undefined);
      assert.equal(createBaggage().setEntry(key, { value: '1' }).getEntry(key)?.value, '1');
    }
  });

  it('is empty if its entries cannot be read', () => {
    const throwing = {
      get a(): never {
        return assert.fail('a getter of the application');
      },
    };
    assert.deepEqual(listOf(createBaggage(throwing)), []);
    assert.deepEqual(listOf(createBaggage(null as never)), []);
  });

  it('travels in a context', () => {
    const baggage = createBaggage({ a: { value: '1' } });
    assert.equal(baggageIn(ROOT_CONTEXT), undefined);
    assert.equal(baggageIn(contextWithBaggage(ROOT_CONTEXT, baggage)), baggage);
  });
});

describe('extracting baggage', () => {
  it('reads members, their values and properties', () => {
    assert.deepEqual(extracted('SomeKey=SomeValue'), [['SomeKey', 'SomeValue']]);
    assert.deepEqual(
      extracted('key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue'),
      [
        ['key1', 'value1', 'property1;property2'],
        ['key2', 'value2'],
        ['key3', 'value3', 'propertyKey=propertyValue'],
      ],
    );
  });

  it('allows spaces and tabs around everything', () => {
    assert.deepEqual(extracted('a \t = \t 1 \t ; \t p \t = \t 2 \t , \t b \t = \t 3'), [
      ['a', '1', 'p \t = \t 2'],
      ['b', '3'],
    ]);
  });

  it('joins several headers', () => {
    assert.deepEqual(extracted(['userId=alice', 'serverNode=DF%2028,isProduction=false']), [
      ['userId', 'alice'],
      ['serverNode', 'DF 28'],
      ['isProduction', 'false'],
    ]);
  });

  it('allows equals signs in a value, and no value', () => {
    assert.deepEqual(extracted('a=b=c,d==,e=,f=;p'), [
      ['a', 'b=c'],
      ['d', '='],
      ['e', ''],
      ['f', '', 'p'],
    ]);
  });

  it('decodes values and nothing else', () => {
    assert.deepEqual(extracted('userId=Am%C3%A9lie'), [['userId', 'Amélie']]);
    assert.deepEqual(extracted('a=%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29'), [
      ['a', '\t "\';=asdf!@#$%^&*()'],
    ]);
    assert.deepEqual(extracted('a=%2C%3b%41%f0%9f%98%80%EF%BB%BF'), [['a', ',;A😀\ufeff']]);
    assert.deepEqual(extracted('a=%EF%BB%BFb'), [['a', '\ufeffb']]);
    assert.deepEqual(extracted('a%20b=1;p%20q=%20'), [['a%20b', '1', 'p%20q=%20']]);
    assert.deepEqual(extracted('a=1+2'), [['a', '1+2']]);
  });

  it('replaces octets that are not UTF-8 and keeps percent signs that encode nothing', () => {
    assert.deepEqual(extracted('a=%FF1,b=%C3,c=%ED%A0%80'), [
      ['a', '\ufffd1'],
      ['b', '\ufffd'],
      ['c', '\ufffd'.repeat(3)],
    ]);
    assert.deepEqual(extracted('a=100%,b=%zz,c=%4,d=%%41'), [
      ['a', '100%'],
      ['b', '%zz'],
      ['c', '%4'],
      ['d', '%A'],
    ]);
  });

  it('skips malformed members and keeps the others', () => {
    const malformed = [
      'a',
      '=1',
      ' =1',
      'ab',
      'a b=1',
      'ä=1',
      'a=ä',
      'a=1 2',
      'a="1"',
      'a=1\\2',
      'a(=1',
      'a=1;"',
      'a=1;',
      'a=1;;p',
      'a=1; ;p',
      'a=1;=2',
      'a=1;p q',
      'a=1;p=q r',
      'a=1;ä',
      'a=\u0000',
      ';=',
      '@=1',
    ];
    for (const member of malformed)
      assert.deepEqual(
        extracted(`x=1,${member},y=2`),
        [
          ['x', '1'],
          ['y', '2'],
        ],
        member,
      );
    assert.deepEqual(extracted(malformed.join()), []);
  });

  it('uses the last of several values of a key', () => {
    assert.deepEqual(extracted('a=1,b=2,a=3'), [
      ['a', '3'],
      ['b', '2'],
    ]);
  });

  it('leaves the context unchanged if there is none', () => {
    const context = contextWithBaggage(ROOT_CONTEXT, createBaggage({ a: { value: '1' } }));
    for (const baggage of [undefined, '', ',', 'a', 1, null, [], [1]]) {
      assert.equal(propagator.extract(context, { baggage }), context);
    }
  });

  it('reads the first 64 members', () => {
    const header = Array.from({ length: 10_000 }, (_, i) => `key${i}=value`).join();
    const entries = extracted(header);
    assert.equal(entries.length, 64);
    assert.deepEqual(entries.at(-1), ['key63', 'value']);
  });

  it('reads 8,192 bytes of whole members, not counting white space', () => {
    const exact = `a=${'x'.repeat(4_093)},b=${'y'.repeat(4_094)}`;
    assert.equal(exact.length, 8_192);
    assert.deepEqual(
      extracted(`  ${exact.replace(',', ' \t , ')}\t`).map(([key]) => key),
      ['a', 'b'],
    );
    assert.deepEqual(
      extracted(`a=x${exact.slice(2)}`).map(([key]) => key),
      ['a'],
    );
    assert.deepEqual(
      extracted(`${exact},c=1`).map(([key]) => key),
      ['a', 'b'],
    );
    assert.deepEqual(extracted(`z=${'x'.repeat(8_191)},c=1`), [['c', '1']]);
  });

  it('reads 65,536 characters, and no member that ends beyond', () => {
    const spaces = (count: number): string => ' '.repeat(count);
    assert.deepEqual(extracted(`a=1,${spaces(65_529)}b=2`), [
      ['a', '1'],
      ['b', '2'],
    ]);
    assert.deepEqual(extracted(`a=1,${spaces(65_529)}b=2,c=3`), [
      ['a', '1'],
      ['b', '2'],
    ]);
    assert.deepEqual(extracted(`a=1,${spaces(65_530)}b=23`), [['a', '1']]);
    assert.deepEqual(extracted(`b=${'2'.repeat(1_000_000)}`), []);
    assert.deepEqual(extracted(`${spaces(70_000)}b=23`), []);
  });

  // Catastrophic backtracking would exceed the time-out, which throws an error.
  it('does not backtrack on any header', () => {
    const headers = [
      `k=v${';p=     '.repeat(1_000)}"`,
      `k=v${'; p  =  '.repeat(1_000)}"`,
      `k=${' '.repeat(8_000)}"`,
      `k${' '.repeat(4_000)}=${'\t'.repeat(4_000)}v${' ;'.repeat(100)}"`,
    ];
    for (const header of headers) runInNewContext('run()', { run: () => extracted(header) }, { timeout: 60_000 });
    assert.deepEqual(extracted('k = ;p = ; q=  ,l=;'), [['k', '', 'p = ; q=']]);
  });
});

describe('injecting baggage', () => {
  it('writes the entries of baggage', () => {
    const baggage = createBaggage({ userId: { value: 'Amélie' }, serverNode: { value: 'DF 28', metadata: 'p;k=v' } });
    assert.equal(injected(baggage), 'userId=Am%C3%A9lie,serverNode=DF%2028;p;k=v');
  });

  it('writes nothing if there is nothing to write or tracing is suppressed', () => {
    assert.equal(injected(createBaggage()), undefined);
    const carrier = {};
    propagator.inject(ROOT_CONTEXT, carrier);
    const baggage = createBaggage({ a: { value: '1' } });
    propagator.inject(suppressTracing(contextWithBaggage(ROOT_CONTEXT, baggage)), carrier);
    assert.deepEqual(carrier, {});
  });

  it('encodes only the percent sign and what the grammar does not allow', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('');
    const encoded = injected(createBaggage({ a: { value: ascii } }))?.slice(2) as string;
    const expected = [...ascii].map((char) =>
      /[!#$&-+\--:<-[\]-~]/.test(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
    assert.equal(encoded, expected.join(''));
    assert.equal(
      injected(createBaggage({ a: { value: '\ud83d\ude00\ud83d\ude00é' } })),
      'a=%F0%9F%98%80%F0%9F%98%80%C3%A9',
    );
  });

  it('writes a lone surrogate as the replacement character', () => {
    assert.equal(
      injected(createBaggage({ a: { value: '\ud83d\ude00\ud83d-\ude00' } })),
      'a=%F0%9F%98%80%EF%BF%BD-%EF%BF%BD',
    );
  });

  it('omits properties that would break the header', () => {
    for (const metadata of ['a,b=1', 'a\r\nb: c', 'ä', '"', '\\', ' ', ';', 'p;;q', 'p q', '=1', 'p=1 2']) {
      assert.equal(injected(createBaggage({ a: { value: '1', metadata } })), 'a=1');
    }
  });

  it('omits and reports entries that cannot be sent, and sends the others', () => {
    const entries: [string, unknown][] = [
      ['a b', { value: '1' }],
      ['', { value: '1' }],
      ['ä', { value: '1' }],
      ['a,b', { value: '1' }],
      ['number', { value: 1 }],
      ['object', { value: { length: 1, replace: () => ({ replace: () => '1\r\nx: y' }) } }],
      ['none', undefined],
      ['null', null],
      ['long', { value: 'x'.repeat(10_000_000) }],
      [
        'throws',
        {
          get value(): never {
            return assert.fail('a getter of the application');
          },
        },
      ],
      ['metadata', { value: '1', metadata: { toString: () => assert.fail('toString of the application') } }],
      [Symbol('key') as never, { value: '1' }],
    ];
    let baggage = createBaggage({ first: { value: '1' } });
    for (const [key, entry] of entries) baggage = baggage.setEntry(key, entry as never);
    assert.equal(injected(baggage.setEntry('last', { value: '2' })), 'first=1,last=2');
    assert.equal(diagnostics.length, 1);
    assert.equal(diagnostics[0].code, 'baggage_dropped');
    assert.match(diagnostics[0].message, /^baggage_dropped: 12 of 14: baggage entries not sent: /);
  });

  it('writes 64 members and reports the others', () => {
    let baggage = createBaggage();
    for (let i = 0; i < 64; i++) baggage = baggage.setEntry(`key${i}`, { value: 'value' });
    assert.equal(injected(baggage)?.split(',').length, 64);
    assert.equal(diagnostics.length, 0);
    assert.equal(injected(baggage.setEntry('more', { value: '1' })), injected(baggage));
    assert.equal(diagnostics.length, 1);
  });

  it('writes 8,192 bytes of whole members', () => {
    const longest = createBaggage({ a: { value: '0123456789'.repeat(819) } });
    assert.equal(injected(longest)?.length, 8_192);
    assert.equal(injected(longest.setEntry('b', { value: '' })), injected(longest));
    assert.equal(injected(createBaggage({ a: { value: 'x'.repeat(8_191) }, b: { value: '1' } })), 'b=1');
    const two = createBaggage({ a: { value: 'x'.repeat(4_093) }, b: { value: 'y'.repeat(4_094) } });
    assert.equal(injected(two)?.length, 8_192);
    const tooLong = createBaggage({ a: { value: 'x'.repeat(4_094) }, b: { value: 'y'.repeat(4_094) } });
    assert.equal(injected(tooLong)?.length, 4_096);
    const encoded = createBaggage({ a: { value: ' '.repeat(2_731) }, b: { value: '1' } });
    assert.equal(injected(encoded), 'b=1');
  });

  it('does not encode values longer than the whole header', () => {
    const baggage = createBaggage({ a: { value: 'ä'.repeat(1_000_000) }, b: { value: '1' } });
    assert.ok(workOf(() => assert.equal(injected(baggage), 'b=1')) < 1_000);
  });

  it('never throws, whatever setter and baggage do', () => {
    const throws = (): never => assert.fail('thrown by the application');
    const context = contextWithBaggage(ROOT_CONTEXT, createBaggage({ a: { value: '1' } }));
    propagator.inject(context, {}, { set: throws });
    for (const baggage of [
      1,
      {},
      { getAllEntries: throws },
      { getAllEntries: () => 1 },
      { getAllEntries: () => [1] },
    ]) {
      propagator.inject(contextWithBaggage(ROOT_CONTEXT, baggage as never), {});
    }
  });
});

describe('the baggage propagator', () => {
  it('names its field', () => {
    assert.deepEqual(propagator.fields(), ['baggage']);
  });

  const key = fc.string({ unit: fc.constantFrom(..."aZ0!#$%&'*+-.^_`|~"), minLength: 1, maxLength: 12 });
  const value = fc.string({ unit: 'grapheme', maxLength: 40 });
  const properties = fc.option(
    fc.array(fc.tuple(key, fc.option(fc.string({ unit: fc.constantFrom(...'aZ0!=/%'), maxLength: 8 }))), {
      minLength: 1,
      maxLength: 3,
    }),
    { nil: undefined },
  );
  const entries = fc.uniqueArray(fc.tuple(key, value, properties), { selector: ([name]) => name, maxLength: 20 });
  const baggageOf = (list: [string, string, [string, string | null][] | undefined][]): Baggage => {
    let baggage = createBaggage();
    for (const [name, text, props] of list) {
      const metadata = props?.map(([left, right]) => (right === null ? left : `${left}=${right}`)).join(';');
      baggage = baggage.setEntry(name, metadata === undefined ? { value: text } : { value: text, metadata });
    }
    return baggage;
  };

  it('survives injection and extraction, and the reverse', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const baggage = baggageOf(list);
        const header = injected(baggage);
        assert.ok((header?.length ?? 0) <= 8_192);
        // Other tests cover entries that do not fit.
        if (diagnostics.length > 0) return;
        assert.deepEqual(extracted(header), listOf(baggage));
        if (header !== undefined) assert.equal(roundTrip(header), header);
      }),
    );
  });

  it('never throws on a damaged or random header, and is stable after one round trip', () => {
    const damaged = fc
      .tuple(entries, fc.nat(), fc.nat(3), fc.string({ unit: fc.constantFrom(...'%,;= \t"\\é0f'), maxLength: 4 }))
      .map(([list, at, length, extra]) => {
        const header = injected(baggageOf(list)) ?? '';
        const cut = at % (header.length + 1);
        return header.slice(0, cut) + extra + header.slice(cut + length);
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' })), (header) => {
        const once = roundTrip(header);
        if (once !== undefined) assert.equal(roundTrip(once), once);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws, whatever the values are', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (header, entry) => {
        extracted(header);
        injected(createBaggage({ a: entry as never }));
        injected(createBaggage(entry as never));
      }),
    );
  });

  it('does work proportional to the length, up to the limit', () => {
    const shapes = [',', ' ', 'a', 'a=b,', 'a = ;', '=', ';', 'a;', '%', '%41', 'a=%41%4,', 'a=\u00e4,', 'a=;"'];
    for (const shape of shapes) {
      const workFor = (length: number): number => {
        const baggage = `a=b,${shape.repeat(Math.ceil(length / shape.length))}`.slice(0, length);
        return workOf(() => propagator.extract(ROOT_CONTEXT, { baggage }));
      };
      assert.ok(workFor(60_000) < 14 * 60_000, `work for ${JSON.stringify(shape)}`);
      // Beyond 8,192 characters, most is skipped, so the work may jump there, but only down.
      assert.ok(workFor(60_000) < 2.1 * workFor(30_000), `growth for ${JSON.stringify(shape)}`);
      assert.ok(workFor(8_000) < 2.1 * workFor(4_000), `growth for a short ${JSON.stringify(shape)}`);
      // Beyond the limit, there is only the search for the comma at which to cut.
      assert.ok(workFor(1_000_000) < 1_100_000 + 1.2 * workFor(65_536), `a megabyte of ${JSON.stringify(shape)}`);
    }
  });
});
