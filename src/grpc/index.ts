export type { OtlpGrpcExporterOptions } from './exporter.ts';
export { OtlpGrpcExporter } from './exporter.ts';
export type { GrpcHeaders } from './metadata.ts';
