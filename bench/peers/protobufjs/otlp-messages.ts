/** A 64-bit number in two halves, as protobufjs accepts it. */
export interface Fixed64 {
  readonly low: number;
  readonly high: number;
}

/** `AnyValue`. */
export interface AnyValueMessage {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly boolValue?: boolean;
}

/** `KeyValue`. */
export interface KeyValueMessage {
  readonly key: string;
  readonly value: AnyValueMessage;
}

/** The fields of `Span` that the cases set. */
export interface SpanMessage {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly name: string;
  readonly kind: number;
  readonly flags: number;
  readonly startTimeUnixNano: Fixed64;
  readonly endTimeUnixNano: Fixed64;
  readonly attributes: KeyValueMessage[];
  readonly events: { readonly timeUnixNano: Fixed64; readonly name: string; readonly attributes: KeyValueMessage[] }[];
}

/** `ExportTraceServiceRequest`. */
export interface RequestMessage {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: KeyValueMessage[] };
    readonly scopeSpans: {
      readonly scope: { readonly name: string; readonly version: string };
      spans: SpanMessage[];
    }[];
  }[];
}
