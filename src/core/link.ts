import type { AnyAttributes, AttributeList, Attributes } from './attributes.ts';
import type { NonRecordingSpan } from './non-recording-span.ts';
import type { SpanContext } from './span-context.ts';
import type { SpanSource } from './span-source.ts';

/** A relation to a span that is not the parent, perhaps of another trace. */
export interface Link {
  /** The span that is linked to. */
  context: SpanContext;
  /** What the link says of it. Default: nothing. */
  attributes?: Attributes;
  /** Attributes that went beyond a limit. Default: 0. */
  droppedAttributesCount?: number;
}

/** A link as a caller gives it: attributes are optional, the span may be named in any way. */
export type LinkInput =
  | {
      /** The span that is linked to. */
      context: SpanSource;
      /** What the link says of it. Default: nothing. */
      attributes?: AnyAttributes;
    }
  | SpanSource;

/** A link as a span keeps it until it is encoded: a copy, since what is read later may have changed, or throw. */
export interface StoredLink {
  readonly _span: NonRecordingSpan;
  /** The `tracestate` of the span, `''` where there is none. */
  readonly _traceState: string;
  readonly _attributes: AttributeList;
}

/** A link with its parts named. A span given as a link is its target, and its attributes are not the link's. */
export function detailedLink(link: LinkInput): Omit<Link, 'context'> & { context: SpanSource } {
  return 'context' in link && !('spanContext' in link) ? (link as Link) : { context: link as SpanSource };
}
