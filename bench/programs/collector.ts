import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../dialogue.ts';
import { countSpans } from '../span-count.ts';

// An OTLP/HTTP server that counts spans and answers after a delay.
let delayMillis = 0;
let spans = 0;
let sample = '';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    spans += countSpans(body);
    // Keep the first request that is small enough to be decoded.
    if (sample === '' && body.length < 1_000_000) sample = body.toString('base64');
    const answer = () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    if (delayMillis === 0) answer();
    else setTimeout(answer, delayMillis);
  });
});
server.keepAliveTimeout = 60_000;

answerQuestions({
  async listen(argument: { delayMillis: number }) {
    ({ delayMillis } = argument);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** Returns what has arrived since the last call. */
  received() {
    const result = { spans, sample };
    spans = 0;
    sample = '';
    return result;
  },
});
