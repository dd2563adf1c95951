import { type ContextStorage, createContextStorage } from '#platform';
import type { DiagnosticHandler } from './diagnostic.ts';
import type { FlushResult } from './processor.ts';

/**
 * What all copies of this package in one process share: an ESM and a CommonJS copy see the same active span,
 * the same tracer and the same warnings. Copies share by structure and never by class.
 */
export interface ProcessState {
  readonly contextStorage: ContextStorage;
  /** Diagnostics by code, with when they were last reported. */
  readonly reported: Map<string, unknown>;
  onDiagnostic: DiagnosticHandler | undefined;
  /** What `initialize` set up; owned by trace.ts, opaque here. */
  running: unknown;
  /** What it was before `shutdown`, for its counters. */
  last: unknown;
  /** The end of what ran last. */
  stopped: Promise<FlushResult> | undefined;
  /** Takes away what was installed in the process. */
  unwatch: (() => void) | undefined;
  /** A span that was started before there was anything to record it. */
  early?: string;
  /** The spans of events, by what their handlers were given. */
  eventSpans?: WeakMap<object, unknown>;
  /** Ends spans that wait for something that may never come; called at a shutdown. */
  readonly unread: Set<(isLast: boolean) => void>;
}

// The number rises when the structure changes in a way older copies cannot read.
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
