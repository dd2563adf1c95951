import type { AnyAttributes, AttributeList, Attributes } from './attributes.ts';
import type { NonRecordingSpan } from './non-recording-span.ts';
import type { SpanContext } from './span-context.ts';
import type { SpanSource } from './span-source.ts';

/** A relation to a span other than the parent, possibly in another trace. */
export interface Link {
  /** The span context of the linked span. */
  context: SpanContext;
  /** Attributes of the link. Default: none. */
  attributes?: Attributes;
  /** Number of attributes refused or beyond a limit. Default: 0. */
  droppedAttributesCount?: number;
}

/** A link as a caller gives it. Attributes are optional, and the linked span may be named in any way. */
export type LinkInput =
  | {
      /** The linked span. */
      context: SpanSource;
      /** Attributes of the link. Default: none. */
      attributes?: AnyAttributes;
    }
  | SpanSource;

/**
 * A link as a span stores it until it is encoded: a copy, because the caller's object may change, or throw when read.
 */
export interface StoredLink {
  readonly _span: NonRecordingSpan;
  /** The span's `tracestate`, or `''` if there is none. */
  readonly _traceState: string;
  readonly _attributes: AttributeList;
}

/** Returns a link with its parts named. A span given as a link is the target; its attributes are not the link's. */
export function detailedLink(link: LinkInput): Omit<Link, 'context'> & { context: SpanSource } {
  return 'context' in link && !('spanContext' in link) ? (link as Link) : { context: link as SpanSource };
}
