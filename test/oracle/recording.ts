import assert from 'node:assert/strict';
import { type Config, type Diagnostic, initialize, shutdown } from '../../src/index.ts';
import { startCollector } from './collector.ts';
import type { DecodedSpan } from './otlp.ts';

/**
 * Returns what the calls in `run` send: initializes, runs, shuts down, and decodes the spans that a collector received,
 * in the order in which they ended. Fails if there is a diagnostic, unless `config` has a handler of its own.
 */
export async function recording(run: () => unknown, config: Config = {}): Promise<DecodedSpan[]> {
  const collector = await startCollector();
  const diagnostics: Diagnostic[] = [];
  try {
    initialize({
      exporterType: 'otlp',
      otlpEndpoint: collector.url,
      quiet: true,
      onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
      ...config,
    });
    try {
      await run();
    } finally {
      await shutdown();
    }
  } finally {
    await collector.close();
  }
  assert.deepEqual(diagnostics, []);
  return collector.spans();
}

/** Maps each span's name to that of its parent; empty for a root. Names must differ. */
export function parentsOf(spans: readonly DecodedSpan[]): Record<string, string> {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const parents = spans.map(({ name, parentSpanId }) => [name, names.get(parentSpanId) ?? parentSpanId]);
  assert.equal(new Set(names.values()).size, spans.length, 'two spans have the same name');
  return Object.fromEntries(parents);
}
