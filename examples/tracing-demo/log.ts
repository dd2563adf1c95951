import { logWithTrace, traceId } from '@realtime-ai/trace';

/**
 * Prints a line that begins with the ids of the active span, so that a log line leads to its trace. It goes to stderr:
 * stdout belongs to the spans, and someone may pipe them on. Where nothing is traced, the demo has nothing to show.
 */
export function log(text: string): void {
  if (traceId() !== '') console.error(logWithTrace(text));
}
