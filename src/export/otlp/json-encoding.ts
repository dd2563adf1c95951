import { read, textAt } from '../../core/property.ts';
import type { OtlpEncoding } from './encoding.ts';
import { REQUEST_HEAD, REQUEST_TAIL } from './json.ts';
import { JsonBatch } from './json-batch.ts';

const encoder = /* @__PURE__ */ new TextEncoder();

/**
 * OTLP as JSON, for receivers that do not accept protobuf and for debugging by eye. It costs several times as much time
 * and as many bytes as protobuf.
 *
 * Specification: OpenTelemetry Protocol, "JSON Protobuf Encoding".
 */
export class JsonEncoding implements OtlpEncoding<JsonBatch> {
  readonly contentType = 'application/json';

  createBatch(): JsonBatch {
    return new JsonBatch();
  }

  _body(batches: readonly JsonBatch[]): Uint8Array<ArrayBuffer>[] {
    const comma = encoder.encode(',');
    const scopes = batches
      .flatMap((batch) => batch._parts())
      .flatMap((parts, at) => (at === 0 ? parts : [comma, ...parts]));
    return [encoder.encode(REQUEST_HEAD), ...scopes, encoder.encode(REQUEST_TAIL)];
  }

  _readResponse(answer: Uint8Array): [rejectedSpans: number, errorMessage: Uint8Array] {
    let said: unknown;
    try {
      said = read(JSON.parse(new TextDecoder().decode(answer)), 'partialSuccess');
    } catch {
      // Not an OTLP response.
    }
    const rejected = Math.trunc(Number(textAt(said, 'rejectedSpans')));
    return [rejected > 0 ? rejected : 0, encoder.encode(textAt(said, 'errorMessage'))];
  }
}
