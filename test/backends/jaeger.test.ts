import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { type Finished, run } from '../docs/program.ts';
import { describedSpans } from '../export/described-spans.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { expectedSpan } from '../oracle/span-description.ts';
import { skipWithout } from './backend.ts';
import { JAEGER_ADDRESSES, type Jaeger, startJaeger } from './jaeger.ts';
import { exporterFor, PROTOCOLS } from './protocol.ts';
import { sampleSpans } from './sample-spans.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const demo = (variables: Record<string, string>) =>
  run('npm', ['run', 'demo'], ROOT, { TRACE_EXPORTER: 'otlp', ...variables });

let jaeger: Jaeger;
if (!skipWithout('jaeger')) {
  before(async () => {
    jaeger = await startJaeger();
  });
  after(() => jaeger?.end());
}

describe('Jaeger, in the walk-through of the documentation,', { skip: skipWithout('jaeger') }, () => {
  let shown: Finished;
  /** The spans of each trace, as Jaeger's query API returns them. */
  let traces: DecodedSpan[][];
  /** The same spans from another run, decoded from the request by the tests of this package. */
  let sent: DecodedSpan[][];

  before(async () => {
    const collector = await startCollector();
    const other = await demo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await collector.close();
    assert.equal(other.code, 0, other.stderr);
    sent = byTrace(collector.spans());

    shown = await demo({ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317' });
    assert.equal(shown.code, 0, shown.stderr);
    traces = [];
    for (const [at, traceId] of (await jaeger.traceIds('tracing-demo', sent.length)).entries()) {
      traces.push(await jaeger.trace(traceId, sent[at]?.length ?? 1));
    }
  });

  test('over gRPC: the demo reports no problem', () => {
    const lines = shown.stderr.split('\n').filter((line) => line.startsWith('[trace] '));
    assert.deepEqual(lines.length, 1, shown.stderr);
    assert.match(lines[0], /^\[trace\] tracing-demo: exporting spans to \S*localhost:4317/);
  });

  test('over gRPC: Jaeger has each trace that the demo has logged, and each span', () => {
    const logged = [...shown.stderr.matchAll(/^\[trace_id=(\w+) span_id=(\w+)\] (push|llm|audio-pacer): /gm)];
    assert.equal(logged.length, 5 + 4 + 4, shown.stderr);
    const names = {
      push: 'pipeline.voice-demo.push',
      llm: 'element.llm.process',
      'audio-pacer': 'element.audio-pacer.process',
    };
    for (const [line, traceId, spanId, who] of logged) {
      const span = traces.flat().find((each) => each.spanId === spanId);
      assert.deepEqual([span?.traceId, span?.name], [traceId, names[who as keyof typeof names]], line);
    }
  });

  test('over gRPC: Jaeger has the names, parents, attributes, events, errors and times that were sent', () => {
    assert.ok(sent.length >= 7, `${sent.length} traces were sent`);
    assert.deepEqual(traces.map(treesOf), sent.map(treesOf));
    for (const { startTimeUnixNano: start, endTimeUnixNano: end, events } of traces.flat()) {
      assert.ok(start > 0n && end >= start, `${start} to ${end}`);
      for (const { timeUnixNano: time } of events)
        assert.ok(time >= start && time <= end, `${time} from ${start} to ${end}`);
    }
  });

  test('over gRPC: the pages of Jaeger show the error of the fourth message, and no warning', async () => {
    const pages = await Promise.all(traces.map(([{ traceId }]) => jaeger.page(traceId)));
    assert.deepEqual(
      [...new Set(pages.flatMap(({ processes }) => Object.values(processes)).map((process) => process.serviceName))],
      ['tracing-demo'],
    );
    const spans = pages.flatMap((page) => page.spans);
    assert.deepEqual(
      spans.flatMap(({ warnings }) => warnings ?? []),
      [],
    );
    const failed = spans.filter(({ tags }) => tags.some(({ key, value }) => key === 'error' && value === true));
    assert.deepEqual(
      failed.map(({ operationName }) => operationName),
      ['element.resample.process'],
    );
    const [{ logs, references }] = failed;
    const push = spans.find(({ spanID }) => spanID === references[0].spanID);
    assert.equal(push?.operationName, 'pipeline.voice-demo.push');
    const fields = Object.fromEntries(logs[0].fields.map(({ key, value }) => [key, value]));
    assert.deepEqual(
      [fields.event, fields['exception.type'], fields['exception.message']],
      ['exception', 'RangeError', 'cannot resample from 44100 Hz, only from 48000 Hz'],
    );
  });
});

describe('Jaeger, field by field,', { skip: skipWithout('jaeger') }, () => {
  for (const [at, protocol] of PROTOCOLS.entries()) {
    test(`over ${protocol}`, async (t) => {
      const log = diagnosticLog(t);
      const descriptions = sampleSpans(40).map((description) => ({
        ...description,
        // Each protocol has its own traces, distinguished by their first digits.
        traceId: `a${at}${description.traceId.slice(2)}`,
        // Jaeger adds a name to services that have none.
        resource: { attributes: { ...description.resource.attributes, 'service.name': 'fields' } },
        // Jaeger does not keep schema URLs.
        scope: { ...description.scope, schemaUrl: undefined },
      }));
      const processor = new BatchSpanProcessor(exporterFor(protocol, JAEGER_ADDRESSES));
      for (const span of describedSpans(descriptions)) processor.onEnd(span);
      await processor.shutdown();
      assert.deepEqual(log, []);
      assert.ok(descriptions.length > 50, `${descriptions.length} spans`);
      for (const description of descriptions) {
        const found = await jaeger.trace(description.traceId, 1);
        // The parents do not exist, and Jaeger says so in an attribute of its own.
        for (const { parentSpanId, attributes } of found) if (parentSpanId) delete attributes['@jaeger@warnings'];
        assert.deepEqual(found.map(inJaegersOrder), [inJaegersOrder(expectedSpan(description))]);
      }
    });
  }
});

/** Sorts events like Jaeger, which orders them by name, whatever their times are. */
function inJaegersOrder(span: DecodedSpan): DecodedSpan {
  const events = [...span.events].sort(
    (a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || Number(a.timeUnixNano - b.timeUnixNano),
  );
  return { ...span, events };
}

/** Returns the spans of each trace, the oldest trace first. */
function byTrace(spans: readonly DecodedSpan[]): DecodedSpan[][] {
  const traces = new Map<string, DecodedSpan[]>();
  for (const span of [...spans].sort(byStart)) {
    const trace = traces.get(span.traceId) ?? [];
    trace.push(span);
    traces.set(span.traceId, trace);
  }
  return [...traces.values()];
}

/** What is the same in every run of the demo: everything but ids, times and the process. */
interface Tree
  extends Omit<
    DecodedSpan,
    'traceId' | 'spanId' | 'parentSpanId' | 'startTimeUnixNano' | 'endTimeUnixNano' | 'events'
  > {
  events: Omit<DecodedSpan['events'][number], 'timeUnixNano'>[];
  children: Tree[];
}

/** Returns the roots of a trace with everything below them, in the order in which they started. */
function treesOf(trace: readonly DecodedSpan[]): Tree[] {
  const below = (id: string): Tree[] =>
    trace
      .map(inJaegersOrder)
      .filter(({ parentSpanId }) => parentSpanId === id)
      .sort(byStart)
      .map(({ traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano, events, resource, ...span }) => ({
        ...span,
        events: events.map(({ timeUnixNano, ...event }) => event),
        resource: { ...resource, attributes: { ...resource.attributes, 'process.pid': null } },
        children: below(spanId),
      }));
  return below('');
}

function byStart(a: DecodedSpan, b: DecodedSpan): number {
  return Number(a.startTimeUnixNano - b.startTimeUnixNano);
}
