import type { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { wordOfHex } from './id.ts';
import type { SpanKind } from './kind.ts';
import type { Link } from './link.ts';
import { IS_REMOTE, isSampled } from './non-recording-span.ts';
import { isSpanContextValid, type TraceState } from './span-context.ts';
import { spanContextOf } from './span-source.ts';

/** What happens to a new span. The values are those of `@opentelemetry/api`. */
export const SamplingDecision = {
  /** Neither recorded nor sent. */
  NOT_RECORD: 0,
  /** Recorded and passed to processors, but not sent. */
  RECORD: 1,
  /** Recorded and sent. */
  RECORD_AND_SAMPLED: 2,
} as const;
/** One of the values of {@link SamplingDecision}. */
export type SamplingDecision = (typeof SamplingDecision)[keyof typeof SamplingDecision];

type Holed<T> = (T | null | undefined)[];
type PlainValue = string | number | boolean | Holed<string> | Holed<number> | Holed<boolean>;

/** A sampler's answer. */
export interface SamplingResult {
  /** Whether the span is recorded, and whether it is sent. */
  decision: SamplingDecision;
  /** Attributes to add to the new span, of the types that every OpenTelemetry SDK accepts. */
  attributes?: Readonly<{ [key: string]: PlainValue | undefined }>;
  /** Replaces the parent's trace state. */
  traceState?: TraceState;
}

/**
 * Decides which spans are recorded. Any object with these methods will do.
 *
 * Specification: OpenTelemetry Trace SDK, "Sampler".
 */
export interface Sampler {
  /** Decides about a span that is started, given the context of its parent and the attributes it starts with. */
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  /** Returns a description with the configuration. */
  toString(): string;
}

/**
 * The fast path of the built-in samplers, which decide by the parent and the lower half of the trace id. Tracers call
 * it instead of `shouldSample`, and need neither hexadecimal digits nor a result object. `parentFlags` are those of W3C
 * with `IS_REMOTE`; `undefined` if there is no parent.
 */
export type Decide = (parentFlags: number | undefined, high: number, low: number) => SamplingDecision;

/** A fast path, with the `shouldSample` that it stands for. */
type ShortWay = Decide & { readonly of: Sampler['shouldSample'] };

function shortWay(decide: Decide, of: Sampler['shouldSample']): ShortWay {
  return Object.assign(decide, { of });
}

/** Returns a sampler's fast path if it has one and no subclass has overridden `shouldSample`. */
export function decideOf(sampler: Sampler): Decide | undefined {
  const { decide } = sampler as { decide?: ShortWay };
  return decide?.of === sampler.shouldSample ? decide : undefined;
}

// The two decisions that the package itself makes, as numbers that bundlers can inline.
export const NOT_RECORD = 0;
export const RECORD_AND_SAMPLED = 2;

const NO: SamplingResult = { decision: NOT_RECORD };
const YES: SamplingResult = { decision: RECORD_AND_SAMPLED };

/** Samples every span. */
export class AlwaysOnSampler implements Sampler {
  /** The same decision without allocations, for the tracers of this package. */
  readonly decide = shortWay(() => RECORD_AND_SAMPLED, AlwaysOnSampler.prototype.shouldSample);

  shouldSample(): SamplingResult {
    return YES;
  }

  toString(): string {
    return 'AlwaysOnSampler';
  }
}

/** Samples no span. */
export class AlwaysOffSampler implements Sampler {
  /** The same decision without allocations, for the tracers of this package. */
  readonly decide = shortWay(() => NOT_RECORD, AlwaysOffSampler.prototype.shouldSample);

  shouldSample(): SamplingResult {
    return NO;
  }

  toString(): string {
    return 'AlwaysOffSampler';
  }
}

/**
 * Samples a trace if the lower half of its id, read as a big-endian integer and shifted right by one, is below
 * `floor(ratio · 2^63)`. Compares in two halves, of 31 and 32 bits, because a double holds only 53.
 */
function decideByRatio(ratio: number): Decide {
  // Exact: scaling by a power of two changes only the exponent.
  const bound = Math.floor(ratio * 2 ** 63);
  const boundHigh = Math.floor(bound / 2 ** 32);
  const boundLow = bound % 2 ** 32;
  return (_parentFlags, high, low) =>
    ((high >>> 1) - boundHigh || (((high << 31) | (low >>> 1)) >>> 0) - boundLow) < 0 ? RECORD_AND_SAMPLED : NOT_RECORD;
}

/**
 * Samples a share of all traces, the same traces in every service. Compares the last 8 bytes of the trace id, read as a
 * big-endian integer and shifted right by one, with `floor(ratio · 2^63)`, as OpenTelemetry for Go does.
 */
export class TraceIdRatioBasedSampler implements Sampler {
  private readonly ratio: number;
  /** The same decision without allocations, for the tracers of this package. */
  readonly decide: Decide;

  /** @param ratio - Share of the traces to sample, from 0 to 1. @throws RangeError for anything else. */
  constructor(ratio = 1) {
    if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1)) {
      throw new RangeError(`ratio: ${String(ratio)} is not a number from 0 to 1`);
    }
    this.ratio = ratio;
    this.decide = shortWay(decideByRatio(ratio), TraceIdRatioBasedSampler.prototype.shouldSample);
  }

  shouldSample(_context: Context, traceId: string): SamplingResult {
    const decision = this.decide(undefined, wordOfHex(traceId, 16), wordOfHex(traceId, 24));
    return decision === NOT_RECORD ? NO : YES;
  }

  toString(): string {
    return `TraceIdRatioBased{${this.ratio}}`;
  }
}

/** The samplers that a {@link ParentBasedSampler} chooses from. */
export interface ParentBasedSamplerOptions {
  /** For spans without a parent. */
  root: Sampler;
  /** For spans with a sampled parent in another process. Default: always on. */
  remoteParentSampled?: Sampler;
  /** For spans with an unsampled parent in another process. Default: always off. */
  remoteParentNotSampled?: Sampler;
  /** For spans with a sampled parent in this process. Default: always on. */
  localParentSampled?: Sampler;
  /** For spans with an unsampled parent in this process. Default: always off. */
  localParentNotSampled?: Sampler;
}

/** Follows the parent's decision by default, and asks `root` about spans without a parent. */
export class ParentBasedSampler implements Sampler {
  /** The same decision without allocations, for the tracers of this package. */
  readonly decide: Decide | undefined;
  // Indexed by `armOf`.
  private readonly arms: readonly Sampler[];

  constructor(options: ParentBasedSamplerOptions) {
    const { root } = options;
    if (typeof root?.shouldSample !== 'function') throw new TypeError('root: a Sampler is required');
    this.arms = [
      root,
      options.localParentSampled ?? new AlwaysOnSampler(),
      options.localParentNotSampled ?? new AlwaysOffSampler(),
      options.remoteParentSampled ?? new AlwaysOnSampler(),
      options.remoteParentNotSampled ?? new AlwaysOffSampler(),
    ];
    // A single arm that wants to see names and attributes rules out the fast path.
    const decides = this.arms.map(decideOf);
    if (decides.every((decide) => decide !== undefined)) {
      this.decide = shortWay(
        (flags, high, low) => decides[armOf(flags)](flags, high, low),
        ParentBasedSampler.prototype.shouldSample,
      );
    }
  }

  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const parent = spanContextOf(context);
    const flags = isSpanContextValid(parent)
      ? parent.traceFlags | (parent.isRemote === true ? IS_REMOTE : 0)
      : undefined;
    return this.arms[armOf(flags)].shouldSample(context, traceId, spanName, spanKind, attributes, links);
  }

  toString(): string {
    const [root, localOn, localOff, remoteOn, remoteOff] = this.arms.map(String);
    return `ParentBased{root=${root}, remoteParentSampled=${remoteOn}, remoteParentNotSampled=${remoteOff}, localParentSampled=${localOn}, localParentNotSampled=${localOff}}`;
  }
}

/** Returns the index of the sampler to ask: 0 without a parent, else in the order of the constructor. */
function armOf(parentFlags: number | undefined): number {
  if (parentFlags === undefined) return 0;
  return ((parentFlags & IS_REMOTE) === 0 ? 1 : 3) + (isSampled(parentFlags) ? 0 : 1);
}

/**
 * The sampler for `samplingRate` in pages, where the classes above would take 400 bytes too many. Children follow their
 * parents, and this share of new traces is sampled. It has only the fast path, which the providers of this package
 * take. The same function stands for `shouldSample`, so that `decideOf` accepts it.
 */
export function rateSampler(rate: number): Sampler {
  const decideRoot = decideByRatio(rate);
  const decide: Decide = (parentFlags, high, low) => {
    if (parentFlags === undefined) return decideRoot(parentFlags, high, low);
    return isSampled(parentFlags) ? RECORD_AND_SAMPLED : NOT_RECORD;
  };
  return { decide: Object.assign(decide, { of: decide }), shouldSample: decide } as unknown as Sampler;
}
