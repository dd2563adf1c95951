import fc from 'fast-check';
import type { DecodedSpan, PlainAttributes, PlainValue } from './otlp.ts';

/** Seconds since the Unix epoch, and nanoseconds within the second. */
export type DescribedTime = [seconds: number, nanoseconds: number];

/** An attribute's value. The API of OpenTelemetry JS lacks bytes, maps and mixed arrays; its serializer has them. */
export type DescribedValue =
  | string
  | number
  | boolean
  | Uint8Array
  | (DescribedValue | null | undefined)[]
  | { [key: string]: DescribedValue | null };

/** Attributes by key. */
export interface DescribedAttributes {
  [key: string]: DescribedValue;
}

/** A span as plain data, which tests can pass to any encoder. */
export interface SpanDescription {
  name: string;
  /** The API's number; 0 for internal. */
  kind: 0 | 1 | 2 | 3 | 4;
  traceId: string;
  spanId: string;
  /** `undefined` for a root. */
  parentSpanId?: string;
  /** Default: not remote. */
  parentIsRemote?: boolean;
  traceFlags: number;
  traceState?: string;
  startTime: DescribedTime;
  endTime: DescribedTime;
  attributes: DescribedAttributes;
  droppedAttributesCount: number;
  events: EventDescription[];
  droppedEventsCount: number;
  links: LinkDescription[];
  droppedLinksCount: number;
  status: StatusDescription;
  resource: ResourceDescription;
  scope: ScopeDescription;
}

/** An event of a {@link SpanDescription}. */
export interface EventDescription {
  name: string;
  time: DescribedTime;
  attributes: DescribedAttributes;
  droppedAttributesCount: number;
}

/** A link of a {@link SpanDescription}. */
export interface LinkDescription {
  traceId: string;
  spanId: string;
  traceFlags: number;
  traceState?: string;
  /** Default: not remote. */
  isRemote?: boolean;
  attributes: DescribedAttributes;
  droppedAttributesCount: number;
}

/** The status of a {@link SpanDescription}. Only an error has a message. */
export interface StatusDescription {
  code: 0 | 1 | 2;
  message?: string;
}

/** The resource of a {@link SpanDescription}. Spans that share the object share the resource. */
export interface ResourceDescription {
  attributes: DescribedAttributes;
  schemaUrl?: string;
}

/** The instrumentation scope of a {@link SpanDescription}. Spans that share the object share the scope. */
export interface ScopeDescription {
  name: string;
  version?: string;
  schemaUrl?: string;
  attributes?: DescribedAttributes;
  droppedAttributesCount?: number;
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Returns the span that a collector must find if a description was encoded correctly. */
export function expectedSpan(description: SpanDescription): DecodedSpan {
  const { resource, scope, status } = description;
  return {
    traceId: description.traceId,
    spanId: description.spanId,
    parentSpanId: description.parentSpanId ?? '',
    traceState: description.traceState ?? '',
    flags: expectedFlags(description.traceFlags, description.parentIsRemote),
    name: wellFormed(description.name),
    kind: description.kind + 1,
    startTimeUnixNano: nanoseconds(description.startTime),
    endTimeUnixNano: nanoseconds(description.endTime),
    attributes: expectedAttributes(description.attributes),
    droppedAttributesCount: description.droppedAttributesCount,
    events: description.events.map((event) => ({
      timeUnixNano: nanoseconds(event.time),
      name: wellFormed(event.name),
      attributes: expectedAttributes(event.attributes),
      droppedAttributesCount: event.droppedAttributesCount,
    })),
    droppedEventsCount: description.droppedEventsCount,
    links: description.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState ?? '',
      flags: expectedFlags(link.traceFlags, link.isRemote),
      attributes: expectedAttributes(link.attributes),
      droppedAttributesCount: link.droppedAttributesCount,
    })),
    droppedLinksCount: description.droppedLinksCount,
    status: { code: status.code, message: wellFormed(status.message ?? '') },
    resource: {
      attributes: expectedAttributes(resource.attributes),
      droppedAttributesCount: 0,
      schemaUrl: resource.schemaUrl ?? '',
    },
    scope: {
      name: wellFormed(scope.name),
      version: wellFormed(scope.version ?? ''),
      attributes: expectedAttributes(scope.attributes ?? {}),
      droppedAttributesCount: scope.droppedAttributesCount ?? 0,
      schemaUrl: scope.schemaUrl ?? '',
    },
  };
}

function expectedFlags(traceFlags: number, isRemote = false): number {
  return traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

function nanoseconds([seconds, rest]: DescribedTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}

function expectedAttributes(attributes: { [key: string]: DescribedValue | null }): PlainAttributes {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [wellFormed(key), expectedValue(value)]));
}

function expectedValue(value: DescribedValue | null | undefined): PlainValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') return isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'boolean' || value instanceof Uint8Array) return value;
  return Array.isArray(value) ? value.map(expectedValue) : expectedAttributes(value);
}

/** True for integers on which all encoders agree. OpenTelemetry JS also writes -0 and those beyond 2^53 as integers. */
function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Returns the text after a round trip through UTF-8, with U+FFFD for every lone surrogate. */
function wellFormed(text: string): string {
  return decoder.decode(encoder.encode(text));
}

/** What arbitrary descriptions may contain. */
export interface DescriptionConstraints {
  /** Lone surrogates in names, keys and values. Default: false. */
  loneSurrogates?: boolean;
  /** Bytes, maps and mixed arrays as attribute values, which the API's types lack. Default: true. */
  nested?: boolean;
}

/**
 * Arbitrary spans of one batch: one resource, up to three scopes.
 *
 * They exclude values that correct encoders write differently: integers beyond 2^53 and -0, `undefined` in maps, empty
 * keys.
 */
export function spanDescriptions(constraints: DescriptionConstraints = {}): fc.Arbitrary<SpanDescription[]> {
  const scopes = fc.array(scope(constraints), { minLength: 1, maxLength: 3 });
  const spans = fc.array(fc.tuple(spanAlone(constraints), fc.nat(2)), { minLength: 1, maxLength: 8 });
  return fc.tuple(resource(constraints), scopes, spans).map(([sharedResource, sharedScopes, alone]) =>
    alone.map(([span, index]) => ({
      ...span,
      resource: sharedResource,
      scope: sharedScopes[index % sharedScopes.length],
    })),
  );
}

/** An arbitrary span with its own resource and scope. */
export function spanDescription(constraints: DescriptionConstraints = {}): fc.Arbitrary<SpanDescription> {
  const own = fc.record({ resource: resource(constraints), scope: scope(constraints) });
  return fc.tuple(spanAlone(constraints), own).map(([span, rest]) => ({ ...span, ...rest }));
}

function spanAlone(constraints: DescriptionConstraints): fc.Arbitrary<Omit<SpanDescription, 'resource' | 'scope'>> {
  const span = fc.record({
    name: text(constraints),
    kind: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const, 4 as const),
    traceId: hexId(16),
    spanId: hexId(8),
    traceFlags: fc.nat(255),
    traceState: optional(traceState()),
    attributes: attributes(constraints),
    droppedAttributesCount: count(),
    events: fc.array(event(constraints), { maxLength: 4 }),
    droppedEventsCount: count(),
    links: fc.array(link(constraints), { maxLength: 4 }),
    droppedLinksCount: count(),
    status: status(constraints),
  });
  const parent = fc.oneof(
    fc.constant({}),
    fc.record({ parentSpanId: hexId(8), parentIsRemote: optional(fc.boolean()) }),
  );
  return fc.tuple(span, parent, interval()).map(([rest, itsParent, times]) => ({ ...rest, ...itsParent, ...times }));
}

function event(constraints: DescriptionConstraints): fc.Arbitrary<EventDescription> {
  return fc.record({
    name: text(constraints),
    time: time(),
    attributes: attributes(constraints, 4),
    droppedAttributesCount: count(),
  });
}

function link(constraints: DescriptionConstraints): fc.Arbitrary<LinkDescription> {
  return fc.record({
    traceId: hexId(16),
    spanId: hexId(8),
    traceFlags: fc.nat(255),
    traceState: optional(traceState()),
    isRemote: optional(fc.boolean()),
    attributes: attributes(constraints, 4),
    droppedAttributesCount: count(),
  });
}

function status(constraints: DescriptionConstraints): fc.Arbitrary<StatusDescription> {
  return fc.oneof(
    fc.record({ code: fc.constantFrom(0 as const, 1 as const) }),
    fc.record({ code: fc.constant(2 as const), message: optional(text(constraints)) }),
  );
}

function resource(constraints: DescriptionConstraints): fc.Arbitrary<ResourceDescription> {
  return fc.record({ attributes: attributes(constraints), schemaUrl: optional(fc.webUrl()) });
}

function scope(constraints: DescriptionConstraints): fc.Arbitrary<ScopeDescription> {
  return fc.record({
    name: text(constraints),
    version: optional(text(constraints)),
    schemaUrl: optional(fc.webUrl()),
    attributes: optional(attributes(constraints, 3)),
    droppedAttributesCount: optional(count()),
  });
}

function attributes(constraints: DescriptionConstraints, maxLength = 12): fc.Arbitrary<DescribedAttributes> {
  return entries(constraints, attributeValue(constraints), maxLength);
}

/** An object whose keys still differ after encoding. Names of inherited properties occur among them. */
function entries<T>(constraints: DescriptionConstraints, value: fc.Arbitrary<T>, maxLength: number) {
  const key = fc.oneof(
    { weight: 9, arbitrary: text(constraints).filter((name) => name !== '') },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0') },
  );
  return fc
    .uniqueArray(fc.tuple(key, value), { maxLength, selector: ([name]) => wellFormed(name) })
    .map((pairs): { [key: string]: T } => Object.fromEntries(pairs));
}

function attributeValue(constraints: DescriptionConstraints): fc.Arbitrary<DescribedValue> {
  const { nested = true } = constraints;
  const none = fc.constantFrom(null, undefined);
  const { value } = fc.letrec<{ value: DescribedValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      text(constraints),
      number(),
      fc.boolean(),
      // Arrays of the API: of one type, with holes.
      fc.array(fc.oneof({ weight: 8, arbitrary: text(constraints) }, { weight: 1, arbitrary: none }), { maxLength: 6 }),
      fc.array(fc.oneof({ weight: 8, arbitrary: number() }, { weight: 1, arbitrary: none }), { maxLength: 6 }),
      fc.array(fc.oneof({ weight: 8, arbitrary: fc.boolean() }, { weight: 1, arbitrary: none }), { maxLength: 6 }),
      ...(nested
        ? [
            fc.uint8Array({ maxLength: 200 }),
            fc.array(fc.oneof({ weight: 8, arbitrary: tie('value') }, { weight: 1, arbitrary: none }), {
              maxLength: 4,
            }),
            entries(constraints, fc.oneof({ weight: 8, arbitrary: tie('value') }, fc.constant(null)), 4),
          ]
        : []),
    ),
  }));
  return value;
}

function number(): fc.Arbitrary<number> {
  return fc
    .oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double({ noInteger: true }),
      // Numbers at which a varint grows, and non-finite ones.
      fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 49, -1, -(2 ** 31), -(2 ** 32)),
      fc.constantFrom(NaN, Infinity, -Infinity, Number.MIN_VALUE, 0.1),
    )
    .map((value) => (Object.is(value, -0) ? 0 : value));
}

/** Words, all of Unicode, and byte lengths at which the varint of a length grows. */
function text({ loneSurrogates = false }: DescriptionConstraints): fc.Arbitrary<string> {
  const edges = fc
    .tuple(fc.constantFrom(126, 127, 128, 129, 252, 256, 1_024), fc.constantFrom('a', 'é', '…', '😀'))
    .map(([bytes, unit]) => unit.repeat(Math.ceil(bytes / encoder.encode(unit).length)));
  const long = fc.constantFrom(16_383, 16_384, 70_000).map((length) => 'x'.repeat(length));
  const codeUnits = fc.string({
    unit: fc.integer({ min: 0xd7fe, max: 0xe001 }).map((unit) => String.fromCharCode(unit)),
  });
  return fc.oneof(
    { weight: 30, arbitrary: fc.string({ maxLength: 40 }) },
    { weight: 20, arbitrary: fc.string({ unit: 'grapheme' }) },
    { weight: 20, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 5, arbitrary: edges },
    { weight: 1, arbitrary: long },
    ...(loneSurrogates ? [{ weight: 10, arbitrary: codeUnits }] : []),
  );
}

/** Valid by the grammar, and within OpenTelemetry JS's limit of 512 characters. */
function traceState(): fc.Arbitrary<string> {
  const key = fc.stringMatching(/^[a-z][a-z0-9_*/-]{0,9}(@[a-z][a-z0-9]{0,5})?$/);
  const value = fc.stringMatching(/^[!-+\--<>-~]{1,20}$/);
  return fc
    .uniqueArray(fc.tuple(key, value), { minLength: 1, maxLength: 5, selector: ([name]) => name })
    .map((members) => members.map(([name, content]) => `${name}=${content}`).join(','));
}

function hexId(length: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .filter((bytes) => bytes.some((byte) => byte !== 0))
    .map((bytes) => Buffer.from(bytes).toString('hex'));
}

/** Times up to the year 2554, the limit of 64 bits of nanoseconds. */
function time(): fc.Arbitrary<DescribedTime> {
  const seconds = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1_700_000_000, max: 2_000_000_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 18_000_000_000 }) },
  );
  return fc.tuple(seconds, fc.nat(999_999_999));
}

/** A start and an end that is not before it. */
function interval(): fc.Arbitrary<{ startTime: DescribedTime; endTime: DescribedTime }> {
  return fc.tuple(time(), fc.nat(100_000), fc.nat(999_999_999)).map(([[seconds, rest], longer, restLonger]) => {
    const sum = rest + restLonger;
    const carry = sum >= 1e9 ? 1 : 0;
    return { startTime: [seconds, rest], endTime: [seconds + longer + carry, sum - carry * 1e9] };
  });
}

function count(): fc.Arbitrary<number> {
  return fc.oneof(fc.constant(0), fc.nat(300), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
}

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}
