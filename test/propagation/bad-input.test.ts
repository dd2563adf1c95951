import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Context, ROOT_CONTEXT, setSpan } from '../../src/core/context.ts';
import { nonRecordingSpan } from '../../src/core/non-recording-span.ts';
import { processState } from '../../src/core/process-state.ts';
import { contextWithBaggage, createBaggage } from '../../src/propagation/baggage.ts';
import { environmentGetter, environmentSetter } from '../../src/propagation/environment-carrier.ts';
import { defaultTextMapGetter, defaultTextMapSetter } from '../../src/propagation/propagator.ts';
import { everyPropagator } from './every-propagator.ts';
import { hostileCarriers, hostileContexts, hostileGetters, malformedCarriers } from './hostile.ts';

const span = nonRecordingSpan({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
const full = contextWithBaggage(setSpan(ROOT_CONTEXT, span), createBaggage({ key: { value: 'value' } }));

const complaints: string[] = [];
beforeEach(() => {
  complaints.length = 0;
  processState.reported.clear();
  processState.onDiagnostic = ({ message }) => complaints.push(message);
});
afterEach(() => {
  processState.onDiagnostic = undefined;
});

for (const [name, propagator] of Object.entries(everyPropagator)) {
  describe(`bad input to the propagator for ${name}`, () => {
    it('leaves the context unchanged if the carrier contains nothing usable', () => {
      for (const [index, carrier] of [...hostileCarriers(), ...malformedCarriers()].entries()) {
        for (const context of [ROOT_CONTEXT, full]) {
          for (const getter of [defaultTextMapGetter, environmentGetter]) {
            assert.equal(propagator.extract(context, carrier, getter), context, `carrier ${index}`);
          }
        }
      }
      assert.deepEqual(complaints, []);
    });

    it('does not throw if the carrier is read-only', () => {
      for (const carrier of hostileCarriers()) {
        for (const setter of [defaultTextMapSetter, environmentSetter]) propagator.inject(full, carrier, setter);
      }
      assert.deepEqual(complaints, []);
    });

    it('leaves the context unchanged if the getter returns something other than headers', () => {
      for (const [index, getter] of hostileGetters.entries()) {
        assert.equal(propagator.extract(full, {}, getter as never), full, `getter ${index}`);
      }
      assert.deepEqual(complaints, []);
    });

    it('does not throw if the setter throws', () => {
      for (const setter of [null, {}, { set: 42 }, { set: () => assert.fail('the setter of the application') }]) {
        propagator.inject(full, {}, setter as never);
      }
    });

    it('does not throw if the context is invalid', () => {
      const carrier = {};
      propagator.inject(full, carrier, defaultTextMapSetter);
      assert.notDeepEqual(carrier, {});
      for (const context of hostileContexts as Context[]) {
        propagator.inject(context, {}, defaultTextMapSetter);
        propagator.extract(context, {}, defaultTextMapGetter);
        propagator.extract(context, carrier, defaultTextMapGetter);
      }
    });
  });
}
