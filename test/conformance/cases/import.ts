import * as trace from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';

const NAMES = ['initialize', 'shutdown', 'forceFlush', 'startSpan', 'withSpan', 'inject', 'extract', 'TracerProvider'];

export default defineCase({
  title: '`import`',
  spans: 1,
  async run({ initialize, has }) {
    const all: Readonly<Record<string, unknown>> = trace;
    for (const name of NAMES) expectEqual(typeof all[name], 'function', name);
    initialize();
    await trace.withSpan('imported', async () => {
      await Promise.resolve();
      // Detect runtimes that have gained an ability: their cases would be skipped needlessly.
      expectEqual(trace.traceId() !== '', has('async context'), 'the context is there after an await');
    });
    expectEqual(typeof CompressionStream === 'function', has('gzip'), 'there is a CompressionStream');
    expectEqual(hasEnvironment(), has('environment'), 'there are environment variables');
    if (canEvaluate()) expectEqual(knowsUsing(), has('using'), '`using` is known');
    await shutDown();
  },
  // Shows which file of the package the runtime has resolved.
  check({ spans: [{ resource }], input: { language, runtimeName } }) {
    expectEqual(resource.attributes['telemetry.sdk.language'], language, 'telemetry.sdk.language');
    expectEqual(resource.attributes['process.runtime.name'], runtimeName, 'process.runtime.name');
  },
});

function hasEnvironment(): boolean {
  try {
    return typeof process.env.CONFORMANCE === 'string';
  } catch {
    return false;
  }
}

function canEvaluate(): boolean {
  try {
    return new Function('return true')();
  } catch {
    return false;
  }
}

function knowsUsing(): boolean {
  try {
    new Function('using nothing = null;');
    return true;
  } catch {
    return false;
  }
}
