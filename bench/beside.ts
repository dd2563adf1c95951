import { read as readDatadog } from './peers/dd-trace/read.ts';
import { read as readEffect } from './peers/effect/read.ts';
import { read as readSentry } from './peers/sentry/read.ts';
import type { ReadSpan } from './read-span.ts';

/** SDKs of another kind, shown for comparison in full runs on Node. They never count in a score. */
export type BesideName = 'sentry' | 'dd-trace' | 'effect';

/** Returns the path of its subject, without the extension. */
export function besideSubject(name: BesideName): string {
  return `peers/${name}/subject`;
}

/** Reads the spans in a request of each SDK. */
export const readBeside: Readonly<Record<BesideName, (sent: Uint8Array) => ReadSpan[]>> = {
  sentry: readSentry,
  'dd-trace': readDatadog,
  effect: readEffect,
};
