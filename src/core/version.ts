/** The package's name: the default instrumentation scope and `telemetry.sdk.name`. */
export const SDK_NAME = '@realtime-ai/trace';
/** The package's version. A test compares it with package.json. */
export const SDK_VERSION = '0.1.0';
