import type { DropReason } from '../exporter.ts';

/**
 * What a server said of a request.
 *
 * - What the answer is called: 200, or `UNAVAILABLE`. It is explained by this, too.
 * - The message of a response, or of what is none, what it says.
 * - Why the spans have not been accepted: `''` where nobody knows whether they have been, `undefined` where they have.
 * - After how many milliseconds at the earliest they may be sent again; `undefined` where they may not.
 */
export type OtlpAnswer = readonly [
  status: number | string,
  said: Uint8Array,
  reason: DropReason | '' | undefined,
  retryMillis?: number,
];

/**
 * Takes a request to a server, with `parts` one behind the other for a body. Rejects where there is no answer to it, with an
 * error that `isUnsent` knows where it has not been sent.
 */
export type OtlpTransport = (
  parts: readonly Uint8Array<ArrayBuffer>[],
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<OtlpAnswer>;
