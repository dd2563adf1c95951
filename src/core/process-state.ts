import { type ContextStorage, createContextStorage } from '#platform';
import type { DiagnosticHandler } from './diagnostic.ts';
import type { FlushResult } from './processor.ts';

/**
 * State that all copies of this package in one process share. An ESM and a CommonJS copy therefore see the same active
 * span, the same tracer and the same warnings. Copies rely only on the structure of this state, never on classes.
 */
export interface ProcessState {
  readonly contextStorage: ContextStorage;
  /** Diagnostics by key, with the time of their last report. */
  readonly reported: Map<string, unknown>;
  onDiagnostic: DiagnosticHandler | undefined;
  /** What `initialize` set up. trace.ts owns it; it is opaque here. */
  running: unknown;
  /** What `running` was before the last `shutdown`, for its counters. */
  last: unknown;
  /** Resolves when the last shutdown is done. */
  stopped: Promise<FlushResult> | undefined;
  /** Removes the listeners that `initialize` installed. */
  unwatch: (() => void) | undefined;
  /** The name of the first span that was started before anything could record it. */
  early?: string;
  /** The spans of events, keyed by what their handlers received. */
  eventSpans?: WeakMap<object, unknown>;
  /** Each ends a span whose response body may never be read. Called at a shutdown and when the process ends. */
  readonly unread: Set<(isLast: boolean) => void>;
}

// Raise the number when the structure changes in a way that older copies cannot read.
const KEY = Symbol.for('@realtime-ai/trace process state 1');

function share(): ProcessState {
  const holder = globalThis as { [KEY]?: ProcessState };
  holder[KEY] ??= {
    contextStorage: createContextStorage(),
    reported: new Map(),
    onDiagnostic: undefined,
    running: undefined,
    last: undefined,
    stopped: undefined,
    unwatch: undefined,
    unread: new Set(),
  };
  return holder[KEY];
}

export const processState: ProcessState = /* @__PURE__ */ share();
