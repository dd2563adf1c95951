import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { EnvironmentSetter } from '@opentelemetry/propagator-env-carrier';
import fc from 'fast-check';
import { ROOT_CONTEXT, spanIn } from '../../src/core/context.ts';
import { B3Propagator } from '../../src/propagation/b3.ts';
import { baggageIn, W3CBaggagePropagator } from '../../src/propagation/baggage.ts';
import { CompositePropagator } from '../../src/propagation/composite.ts';
import { environmentGetter, environmentSetter } from '../../src/propagation/environment-carrier.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';

const carrier = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
  tracestate: 'congo=t61rcWkgMzE',
  baggage: 'userId=alice',
};
const propagator = new CompositePropagator({
  propagators: [
    new W3CTraceContextPropagator(),
    new W3CBaggagePropagator(),
    new B3Propagator({ injectEncoding: 'multi' }),
  ],
});
const context = propagator.extract(ROOT_CONTEXT, carrier);

describe('environment variables', () => {
  it('are named after the fields, in upper case and with underscores', () => {
    const environment: Record<string, string> = { PATH: '/bin' };
    propagator.inject(context, environment, environmentSetter);
    assert.deepEqual(environment, {
      PATH: '/bin',
      TRACEPARENT: carrier.traceparent,
      TRACESTATE: carrier.tracestate,
      BAGGAGE: carrier.baggage,
      X_B3_TRACEID: '0af7651916cd43dd8448eb211c80319c',
      X_B3_SPANID: 'b7ad6b7169203331',
      X_B3_SAMPLED: '1',
    });
  });

  it('are read under these names and no others', () => {
    assert.equal(environmentGetter.get({ X_B3_TRACEID: '1' }, 'x-b3-traceid'), '1');
    assert.equal(environmentGetter.get({ 'x-b3-traceid': '1', x_b3_traceid: '2' }, 'x-b3-traceid'), undefined);
    assert.equal(environmentGetter.get({ traceparent: '1', TraceParent: '2' }, 'traceparent'), undefined);
    assert.equal(environmentGetter.get({}, 'constructor'), undefined);
  });

  it('are listed if their names are valid', () => {
    const names = ['TRACEPARENT', '_', '_1', 'A_1'];
    const others = ['', 'traceparent', '1A', 'A-B', 'Ä', 'ProgramFiles(x86)', 'Path'];
    const environment = Object.fromEntries([...others, ...names].map((name) => [name, '1']));
    assert.deepEqual(environmentGetter.keys(environment).sort(), names.sort());
  });

  it('are named as OpenTelemetry names them, whatever the name of the field', () => {
    const field = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('', '1a', 'straße', 'ŉ', 'a.b-c'),
    );
    fc.assert(
      fc.property(field, (name) => {
        const ours: Record<string, string> = {};
        const theirs: Record<string, string> = {};
        environmentSetter.set(ours, name, 'value');
        new EnvironmentSetter(theirs).set(undefined, name, 'value');
        assert.deepEqual(ours, theirs);
        assert.deepEqual(environmentGetter.keys(ours), Object.keys(ours));
        assert.equal(environmentGetter.get(ours, name), 'value');
      }),
    );
  });

  it('are read through a get function, such as that of Deno.env', () => {
    const environment = { get: (name: string) => (name === 'TRACEPARENT' ? carrier.traceparent : undefined) };
    const read = propagator.extract(ROOT_CONTEXT, environment, environmentGetter);
    assert.equal(spanIn(read)?.spanContext().traceId, '0af7651916cd43dd8448eb211c80319c');
  });

  it('are absent if reading them is forbidden', () => {
    const forbidden = new Proxy({}, { get: () => assert.fail('NotCapable'), ownKeys: () => assert.fail('NotCapable') });
    assert.equal(propagator.extract(ROOT_CONTEXT, forbidden, environmentGetter), ROOT_CONTEXT);
    assert.deepEqual(environmentGetter.keys(forbidden), []);
  });

  it('pass a context to a child process', () => {
    const environment: NodeJS.ProcessEnv = { PATH: process.env.PATH };
    propagator.inject(context, environment, environmentSetter);
    const { stdout } = spawnSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { env: environment });
    const read = propagator.extract(ROOT_CONTEXT, JSON.parse(String(stdout)), environmentGetter);
    assert.equal(spanIn(read)?.spanContext().spanId, 'b7ad6b7169203331');
    assert.equal(baggageIn(read)?.getEntry('userId')?.value, 'alice');
  });
});
