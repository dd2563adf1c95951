import { logWithTrace, traceId } from '@realtime-ai/trace';

/**
 * Prints a line that begins with the ids of the active span, so that a log line leads to its trace. It goes to stderr,
 * because stdout belongs to the spans, which may be piped on. Prints nothing if there is no trace.
 */
export function log(text: string): void {
  if (traceId() !== '') console.error(logWithTrace(text));
}
