import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../dialogue.ts';
import { countSpans } from '../span-count.ts';

// A server for OTLP over HTTP that counts spans and answers after a while.
let delayMillis = 0;
let spans = 0;
let sample = '';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    spans += countSpans(body);
    // The first request, as far as it is small enough to be looked at.
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
  /** What came since the last time it was asked. */
  received() {
    const result = { spans, sample };
    spans = 0;
    sample = '';
    return result;
  },
});
