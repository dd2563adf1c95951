import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { OpenEvent } from '../../src/instrument/open-event.ts';
import { Recorder } from '../core/recorder.ts';

/** A clock and timers that advance on demand. */
function startClock() {
  // An integer, so that sums with other integers are exact.
  const from = Math.ceil(performance.now());
  let at = from;
  mock.method(performance, 'now', () => at);
  mock.timers.enable({ apis: ['setTimeout'] });
  return {
    from,
    pass(millis: number) {
      at += millis;
      mock.timers.tick(millis);
    },
  };
}

function started(timeoutMillis: number) {
  const recorder = new Recorder();
  const onEnd = mock.fn();
  return { recorder, event: new OpenEvent(recorder.start('event'), timeoutMillis, onEnd), onEnd };
}

const typesOf = ({ ended }: Recorder) => ended.map(({ attributes }) => attributes['error.type']);
const millisOf = ({ ended: [span] }: Recorder) => span.duration[0] * 1000 + span.duration[1] / 1e6;

describe('an event', () => {
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  it('ends its span once, whatever happens first', async () => {
    const failure = new RangeError('no');
    const ends: [end: (event: OpenEvent) => void, type: string | undefined][] = [
      [(event) => event.end(), undefined],
      [(event) => event.fail(failure), 'RangeError'],
      [(event) => event.cancelled(), 'client_disconnected'],
    ];
    for (const [first, type] of ends) {
      const { recorder, event, onEnd } = started(1e9);
      first(event);
      for (const [later] of ends) later(event);
      assert.deepEqual([typesOf(recorder), onEnd.mock.callCount()], [[type], 1]);
      await event.over;
    }
  });

  it('without activity is ended after its time-out', () => {
    const clock = startClock();
    const { recorder } = started(1_000);
    clock.pass(999);
    assert.deepEqual(typesOf(recorder), []);
    clock.pass(1);
    assert.deepEqual(typesOf(recorder), ['timeout']);
    assert.equal(Math.round(millisOf(recorder)), 1_000);
  });

  it('with activity continues', () => {
    const clock = startClock();
    const { recorder, event } = started(1_000);
    for (let sign = 0; sign < 10; sign++) {
      clock.pass(900);
      event.touch();
    }
    assert.deepEqual(typesOf(recorder), []);
    clock.pass(999);
    assert.deepEqual(typesOf(recorder), []);
    clock.pass(1);
    assert.deepEqual(typesOf(recorder), ['timeout']);
  });

  it('that is shorter than others does not wait for them', () => {
    const clock = startClock();
    const long = started(60_000);
    const short = started(1_000);
    clock.pass(1_000);
    assert.deepEqual([typesOf(long.recorder), typesOf(short.recorder)], [[], ['timeout']]);
    clock.pass(59_000);
    assert.deepEqual(typesOf(long.recorder), ['timeout']);
  });

  it('is ended by the next one if its timer ended with its request', () => {
    const clock = startClock();
    const { recorder } = started(1_000);
    mock.timers.reset();
    clock.pass = (millis) => {
      const at = performance.now() + millis;
      mock.method(performance, 'now', () => at);
    };
    clock.pass(500);
    started(1_000).event.end();
    assert.deepEqual(typesOf(recorder), []);
    clock.pass(60_000);
    started(1_000).event.end();
    assert.deepEqual(typesOf(recorder), ['timeout']);
    assert.equal(Math.round(millisOf(recorder)), 1_000);
  });
});
