// What the package is built from: its public names,
export * from './index.ts';

// and what its other entry points share with it, which is for nobody else and is not declared.

export { checkedTls, isEndWatched, markUnsent } from '#platform';
export { now } from './core/clock.ts';
export { later, within } from './core/deadline.ts';
export { numberOptions } from './core/options.ts';
export { tracesEndpoint } from './export/otlp/endpoint.ts';
export { OtlpExporter } from './export/otlp/exporter.ts';
export { GRPC_ENDPOINT, GRPC_REQUEST_BYTES } from './export/otlp/grpc.ts';
