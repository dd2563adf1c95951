import { setTimeout as delay } from 'node:timers/promises';
import { type DecodedSpan, decodeJsonRequest, flatten } from '../oracle/otlp.ts';
import { programOf } from './backend.ts';
import { isTaken, startServer } from './server.ts';

/** Where Jaeger takes spans. */
export const JAEGER_ADDRESSES = { grpcAddress: '127.0.0.1:4317', httpAddress: '127.0.0.1:4318' };

/** A Jaeger that was started without any settings, as its container is. */
export interface Jaeger {
  /**
   * A trace as the query API has it in OTLP's JSON, as soon as it has so many spans: it takes them in batches.
   *
   * @throws Error where they do not come.
   */
  trace(traceId: string, spanCount: number): Promise<DecodedSpan[]>;
  /** The same in the form which its pages show. */
  page(traceId: string): Promise<JaegerTrace>;
  /** The ids of all traces of a service, the oldest first, as soon as there are so many. */
  traceIds(service: string, traceCount: number): Promise<string[]>;
  end(): Promise<void>;
}

/** A trace in Jaeger's own words, as far as they are looked at. */
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

/** An attribute in Jaeger's own words. */
export interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

const QUERY = 'http://127.0.0.1:16686';
// Those that the tests use; Jaeger has more, and says itself which of them it does not get.
const PORTS = [4317, 4318, 16686];
// Its batches wait for 200 ms.
const POLL_MILLIS = 50;
const PATIENCE_MILLIS = 20_000;

/**
 * Starts Jaeger on the ports that everybody knows: 4317 and 4318 for spans, 16686 for looking at them.
 *
 * @throws Error where one of them is taken.
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
    // It has nothing to write down, and takes ten seconds to end by itself.
    end: () => server.end('SIGKILL'),
  };
}

/** What `ask` answers, once that are so many. What is not there yet is not found. */
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
