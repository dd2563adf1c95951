import { checkedTls } from '#platform';
import type { Config } from '../config.ts';
import { now } from '../core/clock.ts';
import { later } from '../core/deadline.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { SpanProcessor } from '../core/processor.ts';
import type { TracerProvider } from '../core/provider.ts';
import { rateSampler } from '../core/sampler.ts';
import type { ReadableSpan } from '../core/span.ts';
import { localTrace as trace } from '../export/local-trace.ts';
import type { HostDefaults, HostSettings } from './host.ts';
import { flushOnPageHide } from './page-hide.ts';

/** Returns the settings from code: a page has no environment variables. */
export function hostSettings(config: Config): HostSettings {
  if (config.env) throw new TypeError('env: a page has no environment variables');
  if (config.otlpTls) checkedTls(config.otlpTls, 'otlpTls', '');
  // JSON would be a tenth of what a page loads, and most pages do not need it. A page also has no HTTP/2 of its own for
  // gRPC.
  if (config.otlpProtocol && config.otlpProtocol !== 'http/protobuf') {
    throw new TypeError(
      'otlpProtocol: pages send only http/protobuf, to port 4318; for JSON, pass spanProcessors with a JsonEncoding',
    );
  }
  const { samplingRate, sampler = samplingRate === undefined ? samplingRate : rateSampler(samplingRate) } = config;
  return { ...config, sampler, warnings: [] };
}

export function hostDefaults(defaults: Config): HostDefaults {
  return { ...defaults, warnings: [] };
}

/**
 * Flushes whenever the page is hidden. A page has no process that ends: once hidden, it may never be seen again.
 *
 * @returns A function that undoes it.
 */
export function flushAtEnd({ flushOnExit = true }: Config, provider: TracerProvider): (() => void) | undefined {
  return flushOnExit ? flushOnPageHide(provider) : undefined;
}

/** Does nothing: a page has no variables to warn about. */
export function reportSettings(_warnings: readonly string[]): void {}

// How many spans wait while the printer loads. If the module never arrives, no more are kept.
const MAX_WAITING = 10_000;
// A console does not say how wide it is.
const COLUMNS = 120;

/**
 * Returns a processor that prints to the console. It loads the printer on demand, so that pages that send their spans
 * elsewhere do without it. Spans that end earlier wait for the printer, and so does a flush.
 */
export function stdoutProcessor({
  stdoutFormat: format = 'pretty',
  stdoutAttributes: attributes,
}: Config): SpanProcessor {
  const waiting: ReadableSpan[] = [];
  let room = MAX_WAITING;
  const processor: SpanProcessor = {
    onEnd(span) {
      if (room-- > 0) waiting.push(span);
    },
    forceFlush: async (options) => (await loading)?.forceFlush(options),
    async shutdown(options) {
      room = 0;
      return (await loading)?.shutdown(options);
    },
  };
  const onError = (error: unknown) => report('print_failed', messageOf(error), 'error');
  const loading = import('#printer').then(
    ({ consoleWriter: output, TracePrinter }) => {
      const style = () => ({ columns: COLUMNS, hasColor: false, hasUnicode: true, attributes });
      const printer = new TracePrinter({ format, output, style, trace, now, later, onError });
      processor.onEnd = (span) => printer.onEnd(span);
      waiting.forEach(processor.onEnd);
      waiting.length = 0;
      return printer;
    },
    (error) => {
      room = waiting.length = 0;
      onError(error);
    },
  );
  return processor;
}
