import type { Span } from 'dd-trace';
import type { BenchAttributes, BenchSpan, BesideSubject } from '../../subject.ts';

// Only the environment can switch off these features, which have nothing to do with tracing.
Object.assign(process.env, {
  DD_CRASHTRACKING_ENABLED: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
});
const { default: tracer } = await import('dd-trace');

/** The tracer's internals between a span and the network. They have no public API. */
interface Inside {
  readonly _tracer: {
    readonly _exporter: {
      readonly _writer: { _sendPayload(payload: Uint8Array, traces: number, done: () => void): void };
      flush(): void;
    };
  };
}

/** Adapts a span to the interface of the cases. As a class, it costs one small object per span. */
class NamedSpan implements BenchSpan {
  // The type `Span` does not declare `addEvent`.
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

/** dd-trace without instrumentations: spans are encoded when their trace ends, in MessagePack, for its agent. */
export const subject: BesideSubject = {
  name: 'dd-trace 5.132',

  recording() {
    tracer.init({
      service: 'bench',
      plugins: false,
      startupLogs: false,
      logInjection: false,
      runtimeMetrics: false,
      // The bench flushes by hand, and no agent would answer.
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
