// The build's main entry point. It exports the public names …
export * from './index.ts';

// … and the names that the package's other entry points share with it. These are internal, and not declared.

export { checkedTls, isEndWatched, markUnsent } from '#platform';
export { now } from './core/clock.ts';
export { later, within } from './core/deadline.ts';
export { numberOptions } from './core/options.ts';
export { tracesEndpoint } from './export/otlp/endpoint.ts';
export { OtlpExporter } from './export/otlp/exporter.ts';
export { GRPC_ENDPOINT, GRPC_REQUEST_BYTES } from './export/otlp/grpc.ts';
