import type { Span } from 'dd-trace';
import type { BenchAttributes, BenchSpan, BesideSubject } from '../../subject.ts';

// What Datadog's tracer does beside tracing, and what only the environment can switch off.
Object.assign(process.env, {
  DD_CRASHTRACKING_ENABLED: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
});
const { default: tracer } = await import('dd-trace');

/** What stands between a span and the network. No public name leads to it. */
interface Inside {
  readonly _tracer: {
    readonly _exporter: {
      readonly _writer: { _sendPayload(payload: Uint8Array, traces: number, done: () => void): void };
      flush(): void;
    };
  };
}

/** A span by the names that the cases know. A class, so that it is one small object beside the span. */
class NamedSpan implements BenchSpan {
  // Its type leaves out events.
  private readonly span: Span & Pick<BenchSpan, 'addEvent'>;

  constructor(span: Span) {
    this.span = span as Span & Pick<BenchSpan, 'addEvent'>;
  }

  setAttribute(key: string, value: string | number | boolean): void {
    this.span.setTag(key, value);
  }

  addEvent(name: string, attributes?: BenchAttributes): void {
    this.span.addEvent(name, attributes);
  }

  isRecording(): boolean {
    return true;
  }

  spanContext() {
    const context = this.span.context();
    return { traceId: context.toTraceId(), spanId: context.toSpanId(), traceFlags: 1 };
  }

  end(): void {
    this.span.finish();
  }
}

/** dd-trace, nothing instrumented: spans are encoded as their trace ends, in MessagePack, which its agent takes. */
export const subject: BesideSubject = {
  name: 'dd-trace 5.132',

  recording() {
    tracer.init({
      service: 'bench',
      plugins: false,
      startupLogs: false,
      logInjection: false,
      runtimeMetrics: false,
      // It is flushed by hand, and nobody would answer.
      flushInterval: 86_400_000,
      url: 'http://127.0.0.1:9',
    });
    const { _exporter: exporter } = (tracer as unknown as Inside)._tracer;
    let sent: Uint8Array = new Uint8Array();
    exporter._writer._sendPayload = (payload, _traces, done) => {
      sent = payload;
      done();
    };
    return {
      tracer: { startSpan: (name, options) => new NamedSpan(tracer.startSpan(name, { tags: options?.attributes })) },
      drain() {
        exporter.flush();
        return sent;
      },
    };
  },
};
