import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeRequest, flatten } from '../oracle/otlp.ts';

/**
 * A server in a separate process that accepts spans and answers with a delay. It sends its port, and on request what
 * has arrived, to the process that forked it.
 */
export interface LoadReport {
  requests: number;
  peakConcurrency: number;
  spans: number;
  /** How often each value of the attribute `n` has arrived, by value. */
  arrivals: number[];
}

const ANSWER_MILLIS = 100;

const bodies: Buffer[] = [];
let open = 0;
let peakConcurrency = 0;

const server = createServer((request, response) => {
  peakConcurrency = Math.max(peakConcurrency, ++open);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    bodies.push(Buffer.concat(chunks));
    setTimeout(() => {
      open--;
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    }, ANSWER_MILLIS);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

process.on('message', () => {
  // Decode only now, because decoding takes longer than creating the spans.
  const report: LoadReport = { requests: bodies.length, peakConcurrency, spans: 0, arrivals: [] };
  for (const body of bodies) {
    for (const { attributes } of flatten(decodeRequest(body))) {
      const n = Number(attributes.n);
      report.spans++;
      report.arrivals[n] = (report.arrivals[n] ?? 0) + 1;
    }
  }
  process.send?.(report, () => process.exit());
});
