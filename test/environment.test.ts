import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Environment } from '../src/environment.ts';
import { withVariables } from './variables.ts';

/** Returns what is read from the variables, and the resulting warnings. */
function read<T>(variables: Record<string, string>, ask: (environment: Environment) => T): [T, readonly string[]] {
  return withVariables(variables, () => {
    const environment = new Environment();
    return [ask(environment), environment.warnings];
  });
}

describe('an environment variable', () => {
  it('is the first that is set, and counts as unset if it is empty', () => {
    const text = (variables: Record<string, string>) => read(variables, (each) => each.text('OTEL_A', 'OTEL_B'))[0];
    assert.equal(text({ OTEL_A: 'a', OTEL_B: 'b' }), 'a');
    assert.equal(text({ OTEL_B: 'b' }), 'b');
    assert.equal(text({ OTEL_A: '', OTEL_B: 'b' }), 'b');
    assert.equal(text({ OTEL_A: ' \t', OTEL_B: ' b ' }), 'b');
    assert.equal(text({ OTEL_A: '' }), undefined);
    assert.equal(text({}), undefined);
  });

  it('can be a whole number', () => {
    const number = (value: string, least = 0) => read({ OTEL_A: value }, (each) => each.wholeNumber(least, 'OTEL_A'));
    assert.deepEqual(number('0'), [0, []]);
    assert.deepEqual(number(' 5000 '), [5000, []]);
    assert.deepEqual(number(''), [undefined, []]);
    for (const value of ['-1', '1.5', 'x', '1e400', 'Infinity', '9007199254740993', '5 000', '1,5']) {
      assert.deepEqual(number(value), [
        undefined,
        [`OTEL_A: ${JSON.stringify(value)} is not a whole number of at least 0; the default is used`],
      ]);
    }
    assert.equal(number('0', 1)[1].length, 1);
  });

  it('that is not a number gives way to its fallback', () => {
    assert.deepEqual(
      read({ OTEL_A: 'x', OTEL_B: '5' }, (each) => each.wholeNumber(0, 'OTEL_A', 'OTEL_B')),
      [5, ['OTEL_A: "x" is not a whole number of at least 0; the default is used']],
    );
  });

  it('can be true or false', () => {
    const flag = (value: string) => read({ OTEL_A: value }, (each) => each.flag('OTEL_A'));
    for (const value of ['true', 'TRUE', ' True ']) assert.deepEqual(flag(value), [true, []]);
    for (const value of ['false', 'FALSE']) assert.deepEqual(flag(value), [false, []]);
    assert.deepEqual(flag(''), [undefined, []]);
    for (const value of ['1', 'yes', 'on', '0']) {
      assert.deepEqual(flag(value), [undefined, [`OTEL_A: "${value}" is not true or false; the default is used`]]);
    }
    assert.equal(read({ OTEL_A: 'x', OTEL_B: 'true' }, (each) => each.flag('OTEL_A', 'OTEL_B'))[0], true);
  });
});

describe('a word', () => {
  const word = (value: string) => read({ OTEL_A: value }, (each) => each.word(['http/json', 'grpc'], 'OTEL_A'));

  it('may be in upper or lower case', () => {
    for (const value of ['grpc', 'GRPC', ' Grpc ']) assert.deepEqual(word(value), [['OTEL_A', 'grpc'], []]);
  });

  it('that is unknown is refused as it was written', () => {
    assert.deepEqual(word('HTTP'), [undefined, ['OTEL_A: "HTTP" is not one of http/json, grpc; the default is used']]);
  });
});

describe('an object of variables', () => {
  it('replaces the environment of the process', () => {
    withVariables({ OTEL_A: 'of the process', OTEL_B: 'of the process' }, () => {
      const environment = new Environment({ OTEL_A: ' of the object ' });
      assert.equal(environment.text('OTEL_A'), 'of the object');
      assert.equal(environment.text('OTEL_B'), undefined);
      assert.equal(environment.text('OTEL_B', 'OTEL_A'), 'of the object');
    });
  });

  it('counts only for its strings, and may throw', () => {
    const bindings = {
      OTEL_A: { get: () => 'a namespace' },
      OTEL_B: 1,
      OTEL_C: ['a'],
      OTEL_D: null,
      get OTEL_E(): string {
        throw new Error('no');
      },
      OTEL_F: '',
      OTEL_G: 'g',
    };
    const names = Object.keys(bindings);
    assert.deepEqual(new Environment(bindings).entry(...names), ['OTEL_G', 'g']);
    const hostile = new Proxy(bindings, {
      get() {
        throw new Error('no');
      },
    });
    assert.equal(new Environment(hostile).entry(...names), undefined);
  });
});

describe('pairs', () => {
  const pairs = (value: string) => read({ OTEL_A: value }, (each) => each.pairs(false, 'OTEL_A'));

  it('are split at commas and at their first equals sign', () => {
    assert.deepEqual(pairs('a=1,b=2'), [{ a: '1', b: '2' }, []]);
    assert.deepEqual(pairs(' a = 1 , b = 2 3 ,, c= '), [{ a: '1', b: '2 3', c: '' }, []]);
    assert.deepEqual(pairs('authorization=Basic dXNlcjpwYXNz==,x=a=b'), [
      { authorization: 'Basic dXNlcjpwYXNz==', x: 'a=b' },
      [],
    ]);
    assert.deepEqual(pairs(''), [undefined, []]);
  });

  it('are percent-decoded', () => {
    assert.deepEqual(pairs('a=b%20c%2Cd%3D,%C3%A9=%F0%9F%98%80')[0], { a: 'b c,d=', é: '😀' });
    const entry = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), (entries) => {
        const named = new Map(entries.filter(([key]) => key.trim() !== '' && key !== '__proto__'));
        fc.pre(named.size > 0);
        const text = [...named].map((pair) => pair.map(encodeURIComponent).join('=')).join();
        assert.deepEqual(pairs(text), [Object.fromEntries(named), []]);
      }),
    );
  });

  it('are all ignored if one is malformed', () => {
    for (const value of ['a=1,b', '=1', 'a=%', 'a=%zz', 'a=1,b=%E0%A4', 'no pair']) {
      assert.deepEqual(pairs(value), [
        undefined,
        [`OTEL_A: "${value}" is not comma-separated, percent-encoded key=value pairs; the default is used`],
      ]);
    }
  });

  it('are not shown if they are secret', () => {
    const [none, [warning]] = read({ OTEL_A: 'token=s3cret%' }, (each) => each.pairs(true, 'OTEL_A'));
    assert.equal(none, undefined);
    assert.match(warning, /^OTEL_A: /);
    assert.doesNotMatch(warning, /s3cret/);
  });
});

describe('a warning', () => {
  it('shows the beginning of a long value', () => {
    const [, [warning]] = read({ OTEL_A: 'x'.repeat(100_000) }, (each) => each.flag('OTEL_A'));
    assert.ok(warning.length < 300);
  });
});
