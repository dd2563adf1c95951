/** The package's name: the default instrumentation scope and `telemetry.sdk.name`. */
export const SDK_NAME = '@realtime-ai/trace';
/** The package's version; a test holds it against package.json. */
export const SDK_VERSION = '0.1.0';
