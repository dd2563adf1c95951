import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TracerProvider } from '../../src/core/provider.ts';
import { flushAtEnd, hostDefaults, hostSettings, stdoutProcessor } from '../../src/host/page.ts';
import { withVariables } from '../variables.ts';
import { standInPage } from './stand-in-page.ts';

describe('a page', () => {
  it('provides no settings, whatever variables there are', () => {
    withVariables({ TRACE_EXPORTER: 'zipkin', OTEL_SERVICE_NAME: 'named' }, () => {
      assert.deepEqual(hostSettings({}), { sampler: undefined, warnings: [] });
      assert.deepEqual(hostDefaults({ serviceName: 'given' }), { serviceName: 'given', warnings: [] });
    });
  });

  it('refuses an object of variables', () => {
    const message = 'env: a page has no environment variables';
    assert.throws(() => hostSettings({ env: { OTEL_SERVICE_NAME: 'named' } }), { name: 'TypeError', message });
  });

  it('listens for being hidden or left, unless flushOnExit is false', (t) => {
    const page = standInPage(t);
    const provider = new TracerProvider();
    assert.equal(flushAtEnd({ flushOnExit: false }, provider), undefined);
    assert.deepEqual(page.listening, []);
    const stop = flushAtEnd({}, provider);
    assert.deepEqual(page.listening, ['visibilitychange', 'pagehide']);
    stop?.();
    assert.deepEqual(page.listening, []);
  });
});

describe('the printer of a page', () => {
  const printing = (t: { mock: typeof import('node:test').mock }) => {
    const written: string[] = [];
    t.mock.method(process.stdout, 'write', (text: string) => written.push(text) > 0);
    const processor = stdoutProcessor({});
    return { written, processor, tracer: new TracerProvider({ spanProcessors: [processor] }).getTracer('page') };
  };
  const namesIn = (written: string[]) => written.join('').match(/first|second|third/g);

  it('receives spans that ended before it was loaded, and a flush waits for it', async (t) => {
    const { written, processor, tracer } = printing(t);
    tracer.startSpan('first').end();
    tracer.startSpan('second').end();
    assert.deepEqual(written, []);
    await processor.forceFlush();
    tracer.startSpan('third').end();
    t.mock.restoreAll();
    assert.deepEqual(namesIn(written), ['first', 'second', 'third']);
  });

  it('prints spans that ended before a shutdown and none that end afterwards', async (t) => {
    const { written, processor, tracer } = printing(t);
    const open = tracer.startSpan('second');
    tracer.startSpan('first').end();
    const stopping = processor.shutdown();
    open.end();
    await stopping;
    tracer.startSpan('third').end();
    t.mock.restoreAll();
    assert.deepEqual(namesIn(written), ['first']);
  });

  it('holds at most 10,000 spans while it loads', async (t) => {
    const { written, processor, tracer } = printing(t);
    for (let span = 0; span < 10_001; span++) tracer.startSpan('first').end();
    await processor.forceFlush();
    t.mock.restoreAll();
    // Ten spans in full and a line for the others.
    assert.equal(namesIn(written)?.length, 11);
    assert.match(written.join(''), /9,990 more of first/);
  });
});
