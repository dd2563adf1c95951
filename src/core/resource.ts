import { language } from '#platform';
import type { Attributes } from './attributes.ts';
import { SDK_NAME, SDK_VERSION } from './version.ts';

/**
 * What produces the spans: service, process, host.
 *
 * Specification: OpenTelemetry Resource SDK.
 */
export interface Resource {
  /** Attributes such as `service.name`. */
  readonly attributes: Attributes;
  /** The schema URL of the conventions that the keys follow. Default: none. */
  readonly schemaUrl?: string;
}

/** Returns the attributes of every resource: the SDK's name, its language and its version. */
export function sdkAttributes(): Attributes {
  return {
    'telemetry.sdk.name': SDK_NAME,
    'telemetry.sdk.language': language,
    'telemetry.sdk.version': SDK_VERSION,
  };
}
