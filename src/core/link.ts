import type { AttributeList, Attributes } from './attributes.ts';
import type { SpanContext } from './span-context.ts';

/** A relation to a span that is not the parent, perhaps of another trace. */
export interface Link {
  context: SpanContext;
  attributes?: Attributes;
  droppedAttributesCount?: number;
}

/** A link as a span keeps it until it is encoded. */
export interface StoredLink {
  readonly context: SpanContext;
  readonly attributes: AttributeList | undefined;
  readonly droppedAttributesCount: number;
}
