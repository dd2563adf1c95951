import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DecodedSpan, decodeJsonRequest, decodeRequest, flatten } from '../oracle/otlp.ts';
import { programOf } from './backend.ts';
import type { Addresses } from './protocol.ts';
import { freePorts, type Server, startServer } from './server.ts';

/** Settings of a Collector, named as in its configuration. */
export interface CollectorSettings {
  /** Settings of the OTLP/gRPC receiver besides its address. */
  readonly grpc?: object;
  /** Settings of the OTLP/HTTP receiver besides its address. */
  readonly http?: object;
  readonly extensions?: Readonly<Record<string, object>>;
  /** The pipeline contains all of them, in this order. */
  readonly processors?: Readonly<Record<string, object>>;
}

/** An OpenTelemetry Collector that writes the spans that it receives to files. */
export interface Collector extends Addresses {
  /** Starts it on the same ports. Default: with the same settings. */
  start(settings?: CollectorSettings): Promise<void>;
  /** See {@link Server.signal}. */
  signal(signal: NodeJS.Signals): void;
  /** See {@link Server.end}. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** The log since the last start. */
  log(): string;
  /** All spans accepted since the first start, from the protobuf that it writes before it responds. */
  spans(): DecodedSpan[];
  /** The same spans, from the OTLP JSON that it writes. */
  jsonSpans(): DecodedSpan[];
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

/**
 * Starts a Collector on free loopback ports.
 *
 * @param settings - Default: none. A function receives the folder for files that the settings name.
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
      // With a rotation, writes are not buffered: acknowledged spans are in the file even if the process is killed.
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
          // The metrics endpoint would listen on a port of its own.
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

/** Returns the messages in a file. Each is preceded by its length in four bytes, big-endian. */
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
