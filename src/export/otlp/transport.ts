import type { DropReason } from '../exporter.ts';

/**
 * A server's answer to a request.
 *
 * - `status`: the status of the answer, such as 200 or `UNAVAILABLE`. Explanations are looked up by it.
 * - `said`: the message of an OTLP response, or the text of any other answer.
 * - `reason`: why the spans were not accepted; `undefined` if they were, `''` if that is unknown.
 * - `retryMillis`: the earliest time of a retry, in milliseconds from now; `undefined` if there must be none.
 */
export type OtlpAnswer = readonly [
  status: number | string,
  said: Uint8Array,
  reason: DropReason | '' | undefined,
  retryMillis?: number,
];

/**
 * Sends a request to a server, with the concatenated `parts` as its body. Rejects if no answer comes; if the request
 * was not sent, `isUnsent` recognizes the error.
 */
export type OtlpTransport = (
  parts: readonly Uint8Array<ArrayBuffer>[],
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<OtlpAnswer>;
