import { language } from '#platform';
import type { Attributes } from './attributes.ts';
import { SDK_NAME, SDK_VERSION } from './version.ts';

/**
 * What produces the spans: service, process, host.
 *
 * Specification: OpenTelemetry Resource SDK.
 */
export interface Resource {
  /** Such as `service.name`. */
  readonly attributes: Attributes;
  /** The version of the conventions that the keys are of. Default: none is named. */
  readonly schemaUrl?: string;
}

/** The attributes every resource has: which SDK speaks, and in which language. */
export function sdkAttributes(): Attributes {
  return {
    'telemetry.sdk.name': SDK_NAME,
    'telemetry.sdk.language': language,
    'telemetry.sdk.version': SDK_VERSION,
  };
}
