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

/** What the code says: a page has no environment variables. */
export function hostSettings(config: Config): HostSettings {
  if (config.env) throw new TypeError('env: a page has no environment variables');
  if (config.otlpTls) checkedTls(config.otlpTls, 'otlpTls', '');
  // JSON is a tenth of all that a page loads, which most do not need; and a page has no HTTP/2 of its own.
  if (config.otlpProtocol && config.otlpProtocol !== 'http/protobuf') {
    throw new TypeError(
      'otlpProtocol: pages send http/protobuf, to port 4318; for JSON pass spanProcessors with a JsonEncoding',
    );
  }
  const { samplingRate, sampler = samplingRate === undefined ? samplingRate : rateSampler(samplingRate) } = config;
  return { ...config, sampler, warnings: [] };
}

export function hostDefaults(defaults: Config): HostDefaults {
  return { ...defaults, warnings: [] };
}

/**
 * A page has no process that ends: it is hidden, and perhaps never seen again.
 *
 * @returns What takes it back.
 */
export function flushAtEnd({ flushOnExit = true }: Config, provider: TracerProvider): (() => void) | undefined {
  return flushOnExit ? flushOnPageHide(provider) : undefined;
}

/** None come up. */
export function reportSettings(_warnings: readonly string[]): void {}

// What ends while the printer loads; a module that never comes must not hold more.
const MAX_WAITING = 10_000;
// Nobody says how wide a console is.
const COLUMNS = 120;

/**
 * Prints to the console. The printer is loaded when it is asked for, so that pages which send their spans elsewhere do
 * without it; spans that end before it is there are handed over to it, and a flush waits for it.
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
