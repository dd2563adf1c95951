import { read as readDatadog } from './peers/dd-trace/read.ts';
import { read as readEffect } from './peers/effect/read.ts';
import { read as readSentry } from './peers/sentry/read.ts';
import type { ReadSpan } from './read-span.ts';

/** SDKs of another kind: shown beside the others in full runs on Node, never part of a score. */
export type BesideName = 'sentry' | 'dd-trace' | 'effect';

/** The file of its subject, without its ending. */
export function besideSubject(name: BesideName): string {
  return `peers/${name}/subject`;
}

/** Reads what it sends. */
export const readBeside: Readonly<Record<BesideName, (sent: Uint8Array) => ReadSpan[]>> = {
  sentry: readSentry,
  'dd-trace': readDatadog,
  effect: readEffect,
};
