import { language } from '#platform';
import type { Attributes } from './attributes.ts';
import { SDK_NAME, SDK_VERSION } from './version.ts';

/**
 * What produces the spans: service, process, host.
 *
 * Specification: OpenTelemetry Resource SDK.
 */
export interface Resource {
  readonly attributes: Attributes;
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
