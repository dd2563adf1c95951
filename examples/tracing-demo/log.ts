import { logWithTrace } from '@realtime-ai/trace';

/**
 * Prints a line that begins with the ids of the active span, so that a log line leads to its trace. It goes to stderr:
 * stdout belongs to the spans, and someone may pipe them on. With `TRACE_EXPORTER=none` the demo is silent.
 */
export function log(text: string): void {
  if (process.env.TRACE_EXPORTER !== 'none') console.error(logWithTrace(text));
}
