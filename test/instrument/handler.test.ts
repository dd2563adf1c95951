import assert from 'node:assert/strict';
import { request as sendRequest } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { spanOf } from '../../src/instrument/event-span.ts';
import { traceHandler } from '../../src/instrument/handler.ts';
import type { HandlerOptions } from '../../src/instrument/handler-options.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { spanId, withSpan } from '../../src/trace.ts';
import { Recorder } from '../core/recorder.ts';
import { type DecodedSpan, SpanKind, StatusCode } from '../oracle/otlp.ts';
import { startFetchServer } from './fetch-server.ts';

const PARENT = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

/** A handler traced with these options, and what has ended of it. */
function recording(options: HandlerOptions = {}): { recorder: Recorder; options: HandlerOptions } {
  const recorder = new Recorder();
  return { recorder, options: { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator(), ...options } };
}
