import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DecodedSpan, decodeJsonRequest, decodeRequest, flatten } from '../oracle/otlp.ts';
import { programOf } from './backend.ts';
import type { Addresses } from './protocol.ts';
import { freePorts, type Server, startServer } from './server.ts';

/** Settings of a Collector, in the words of its configuration. */
export interface CollectorSettings {
  /** Of the receiver for OTLP over gRPC, beside its address. */
  readonly grpc?: object;
  /** Of the receiver for OTLP over HTTP, beside its address. */
  readonly http?: object;
  readonly extensions?: Readonly<Record<string, object>>;
  /** All of them are in the pipeline, in this order. */
  readonly processors?: Readonly<Record<string, object>>;
}

/** An OpenTelemetry Collector that writes down what it gets. */
export interface Collector extends Addresses {
  /** Starts, on the same ports; with other settings, if there are some. */
  start(settings?: CollectorSettings): Promise<void>;
  /** As {@link Server.signal}. */
  signal(signal: NodeJS.Signals): void;
  /** As {@link Server.end}. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** What it has logged since it was started last. */
  log(): string;
  /** All spans that it has taken since its first start, in protobuf as it writes them, before it answers. */
  spans(): DecodedSpan[];
  /** The same in OTLP's JSON as it writes it. */
  jsonSpans(): DecodedSpan[];
  /** Ends it, and removes its files. */
  remove(): Promise<void>;
}

/**
 * Starts a Collector on free ports of loopback.
 *
 * @param settings - Default: none. A function is given the folder for the files that they name.
 */
export async function startCollector(
  settings: CollectorSettings | ((folder: string) => CollectorSettings) = {},
): Promise<Collector> {
  const folder = mkdtempSync(join(tmpdir(), 'trace-collector-'));
  const [grpcAddress, httpAddress] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const given = typeof settings === 'function' ? settings(folder) : settings;
  let server: Server | undefined;
  let starts = 0;
  const written = (extension: string) =>
    Array.from({ length: starts }, (_, at) => join(folder, `${at}.${extension}`))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file));

  const collector: Collector = {
    grpcAddress,
    httpAddress,
    async start({ grpc = {}, http = {}, extensions = {}, processors = {} } = given) {
      const file = join(folder, `${starts}.json`);
      // With a rotation nothing is held back: what was acknowledged is in the file though the process is killed.
      const rotation = { max_megabytes: 10_000 };
      const config = {
        receivers: {
          otlp: { protocols: { grpc: { endpoint: grpcAddress, ...grpc }, http: { endpoint: httpAddress, ...http } } },
        },
        processors,
        exporters: {
          'file/proto': { path: join(folder, `${starts}.pb`), format: 'proto', rotation },
          'file/json': { path: join(folder, `${starts}.jsonl`), format: 'json', rotation },
        },
        extensions,
        service: {
          extensions: Object.keys(extensions),
          // It would listen on a port of its own.
          telemetry: { metrics: { level: 'none' } },
          pipelines: {
            traces: {
              receivers: ['otlp'],
              processors: Object.keys(processors),
              exporters: ['file/proto', 'file/json'],
            },
          },
        },
      };
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(config));
      starts++;
      server = await startServer(programOf('collector'), ['--config', file]);
    },
    signal: (signal) => server?.signal(signal),
    end: async (signal) => server?.end(signal),
    log: () => server?.log() ?? '',
    spans: () =>
      written('pb')
        .flatMap((bytes) => framesOf(bytes))
        .flatMap((frame) => flatten(decodeRequest(frame))),
    jsonSpans: () =>
      written('jsonl')
        .flatMap((bytes) => bytes.toString().split('\n').slice(0, -1))
        .flatMap((line) => flatten(decodeJsonRequest(line))),
    async remove() {
      await server?.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await collector.start();
  return collector;
}

/** The messages in a file, before each of which its length stands in four bytes, the highest first. */
function framesOf(bytes: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error(`a message of ${end - at - 4} bytes is cut off`);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}
