import { setTimeout as delay } from 'node:timers/promises';
import { type DecodedSpan, decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { programOf } from './backend.ts';
import { isTaken, startServer } from './server.ts';

/** The addresses at which Jaeger receives spans. */
export const JAEGER_ADDRESSES = { grpcAddress: '127.0.0.1:4317', httpAddress: '127.0.0.1:4318' };

/** A Jaeger that is started without settings, like its container. */
export interface Jaeger {
  /**
   * Returns a trace from the query API's OTLP JSON, once it has this many spans, which Jaeger stores in batches.
   *
   * @throws Error if they do not appear.
   */
  trace(traceId: string, spanCount: number): Promise<DecodedSpan[]>;
  /** Returns the same in the form that Jaeger's pages show. */
  page(traceId: string): Promise<JaegerTrace>;
  /** Returns the ids of all traces of a service, the oldest first, once there are this many. */
  traceIds(service: string, traceCount: number): Promise<string[]>;
  end(): Promise<void>;
}

/** The part of a trace in Jaeger's own format that the tests use. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    /** Microseconds of Unix time. */
    readonly startTime: number;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly tags: readonly JaegerTag[];
    readonly logs: readonly { readonly fields: readonly JaegerTag[] }[];
    readonly warnings: readonly string[] | null;
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/** An attribute in Jaeger's own format. */
export interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

const QUERY = 'http://127.0.0.1:16686';
// The ports that the tests use. Jaeger opens more, and reports those that it cannot get.
const PORTS = [4317, 4318, 16686];
// Jaeger's batches wait for 200 ms.
const POLL_MILLIS = 50;
const PATIENCE_MILLIS = 20_000;

/**
 * Starts Jaeger on its default ports: 4317 and 4318 for spans, 16686 for queries.
 *
 * @throws Error if one of them is taken.
 */
export async function startJaeger(): Promise<Jaeger> {
  for (const port of PORTS) {
    if (await isTaken(port))
      throw new Error(`port ${port} is taken, and this needs it for Jaeger: stop what listens there`);
  }
  const server = await startServer(programOf('jaeger'));
  return {
    trace: (traceId, spanCount) =>
      atLeast(spanCount, `spans of ${traceId}`, async () => {
        const response = await fetch(`${QUERY}/api/v3/traces/${traceId}`);
        const { result } = (await response.json()) as { result: object };
        return response.ok ? flatten(decodeJsonRequest(JSON.stringify(result))) : [];
      }),
    page: async (traceId) => (await asked(`traces/${traceId}`))[0],
    async traceIds(service, traceCount) {
      const startOf = ({ spans }: JaegerTrace) => Math.min(...spans.map(({ startTime }) => startTime));
      const ask = () => asked(`traces?service=${service}&limit=1000`);
      const traces = await atLeast(traceCount, `traces of ${service}`, ask);
      return traces.sort((a, b) => startOf(a) - startOf(b)).map(({ traceID }) => traceID);
    },
    // Jaeger has nothing to write, and takes ten seconds to end on SIGTERM.
    end: () => server.end('SIGKILL'),
  };
}

/** Returns what `ask` returns once it has at least this many items. Before that, Jaeger responds with an error. */
async function atLeast<T>(count: number, what: string, ask: () => Promise<T[]>): Promise<T[]> {
  for (const end = Date.now() + PATIENCE_MILLIS; ; await delay(POLL_MILLIS)) {
    const found = await ask();
    if (found.length >= count) return found;
    if (Date.now() > end) throw new Error(`Jaeger has ${found.length} of ${count} ${what}`);
  }
}

async function asked(path: string): Promise<JaegerTrace[]> {
  const response = await fetch(`${QUERY}/api/${path}`);
  return ((await response.json()) as { data: JaegerTrace[] }).data;
}
