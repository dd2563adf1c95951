import type { OtlpHttpExporter } from '../../../src/export/otlp/http.ts';

/** What `promise` resolves to, without the pauses that the exporter makes between its attempts. */
export async function hurried<T>(exporter: OtlpHttpExporter, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    exporter.hurry();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

/** Resolves when the exporter waits between two attempts. */
export async function pausing(exporter: OtlpHttpExporter): Promise<void> {
  // biome-ignore lint/complexity/useLiteralKeys: it is private, and nothing else tells.
  while (exporter['_wake'] === undefined) await new Promise((resolve) => setImmediate(resolve));
}
