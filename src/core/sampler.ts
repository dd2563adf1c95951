import type { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { wordOfHex } from './id.ts';
import type { SpanKind } from './kind.ts';
import type { Link } from './link.ts';
import { IS_REMOTE, isSampled } from './non-recording-span.ts';
import { isSpanContextValid, type TraceState } from './span-context.ts';
import { spanContextOf } from './span-source.ts';

/** What becomes of a new span. The values are those of `@opentelemetry/api`. */
export const SamplingDecision = {
  /** Not recorded, not sent. */
  NOT_RECORD: 0,
  /** Recorded and shown to processors, not sent. */
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
  /** Whether the span is recorded, and sent. */
  decision: SamplingDecision;
  /** Attributes for the new span, of the kinds that every OpenTelemetry SDK takes. */
  attributes?: Readonly<{ [key: string]: PlainValue | undefined }>;
  /** Replaces the trace state of the parent. */
  traceState?: TraceState;
}

/**
 * Decides which spans are recorded. Any object with these methods serves.
 *
 * Specification: OpenTelemetry Trace SDK, "Sampler".
 */
export interface Sampler {
  /** Called for every span that is started, with the context of its parent and the attributes given at the start. */
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  /** A description with the configuration. */
  toString(): string;
}

/**
 * The built-in samplers know the answer from the parent and the lower half of the trace id: this is called in place
 * of `shouldSample`, and neither hexadecimal digits nor a result object are made. `parentFlags` are those of W3C with
 * `IS_REMOTE`; `undefined` where there is no parent.
 */
export type Decide = (parentFlags: number | undefined, high: number, low: number) => SamplingDecision;

/** The same, with the `shouldSample` that it stands for. */
type ShortWay = Decide & { readonly of: Sampler['shouldSample'] };

function shortWay(decide: Decide, of: Sampler['shouldSample']): ShortWay {
  return Object.assign(decide, { of });
}

/** The short way of a sampler that has one: not where a subclass has put a `shouldSample` of its own. */
export function decideOf(sampler: Sampler): Decide | undefined {
  const { decide } = sampler as { decide?: ShortWay };
  return decide?.of === sampler.shouldSample ? decide : undefined;
}

// The two that the package itself gives, as numbers, which bundlers can put in place.
export const NOT_RECORD = 0;
export const RECORD_AND_SAMPLED = 2;

const NO: SamplingResult = { decision: NOT_RECORD };
const YES: SamplingResult = { decision: RECORD_AND_SAMPLED };

/** Samples every span. */
export class AlwaysOnSampler implements Sampler {
  /** The same decision without objects, for the tracers of this package. */
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
  /** The same decision without objects, for the tracers of this package. */
  readonly decide = shortWay(() => NOT_RECORD, AlwaysOffSampler.prototype.shouldSample);

  shouldSample(): SamplingResult {
    return NO;
  }

  toString(): string {
    return 'AlwaysOffSampler';
  }
}

/**
 * Holds the lower half of a trace id against `ratio`: read as a big-endian integer and shifted right by one, it is below
 * `floor(ratio · 2^63)`, or the trace is not sampled. In two halves, of 31 and 32 bits: a double holds 53.
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
 * Samples a share of all traces, the same traces in every service. The last 8 bytes of the trace id, read as a
 * big-endian integer and shifted right by one, are held against `floor(ratio · 2^63)`, as OpenTelemetry for Go
 * does it.
 */
export class TraceIdRatioBasedSampler implements Sampler {
  private readonly ratio: number;
  /** The same decision without objects, for the tracers of this package. */
  readonly decide: Decide;

  /** @param ratio - Share of the traces to sample, 0 to 1. @throws RangeError for anything else. */
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

/** The arms of a {@link ParentBasedSampler}. */
export interface ParentBasedSamplerOptions {
  /** For spans without a parent. */
  root: Sampler;
  /** Parent in another process, sampled. Default: always on. */
  remoteParentSampled?: Sampler;
  /** Parent in another process, not sampled. Default: always off. */
  remoteParentNotSampled?: Sampler;
  /** Parent in this process, sampled. Default: always on. */
  localParentSampled?: Sampler;
  /** Parent in this process, not sampled. Default: always off. */
  localParentNotSampled?: Sampler;
}

/** Does as the parent did, and asks `root` where there is none. */
export class ParentBasedSampler implements Sampler {
  /** The same decision without objects, for the tracers of this package. */
  readonly decide: Decide | undefined;
  // By armOf.
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
    // One arm that wants to see names and attributes is enough to need the long way.
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

/** Which arm is asked: 0 without a parent, then as the constructor has them. */
function armOf(parentFlags: number | undefined): number {
  if (parentFlags === undefined) return 0;
  return ((parentFlags & IS_REMOTE) === 0 ? 1 : 3) + (isSampled(parentFlags) ? 0 : 1);
}

/**
 * What `samplingRate` comes to in pages, where the classes above are 400 bytes too many: children do as their parents,
 * and of new traces this share is sampled. There is only the short way, which providers of this package take; it stands
 * for `shouldSample`, so that they see that nobody has replaced that.
 */
export function rateSampler(rate: number): Sampler {
  const decideRoot = decideByRatio(rate);
  const decide: Decide = (parentFlags, high, low) => {
    if (parentFlags === undefined) return decideRoot(parentFlags, high, low);
    return isSampled(parentFlags) ? RECORD_AND_SAMPLED : NOT_RECORD;
  };
  return { decide: Object.assign(decide, { of: decide }), shouldSample: decide } as unknown as Sampler;
}
