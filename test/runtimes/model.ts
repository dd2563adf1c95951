import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A language model with OpenAI's interface that repeats its input. */
export interface Model {
  readonly url: string;
  /** The `traceparent` header of each request. */
  readonly traceparents: readonly (string | undefined)[];
  close(): Promise<void>;
}

interface Question {
  readonly stream?: boolean;
  readonly messages: readonly { readonly content: string }[];
}

export async function startModel(): Promise<Model> {
  const traceparents: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    traceparents.push(request.headers.traceparent as string | undefined);
    const { stream, messages } = (await json(request)) as Question;
    const content = `You said: ${messages[0].content}`;
    if (stream !== true) {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ choices: [{ message: { content } }] }));
      return;
    }
    response.setHeader('content-type', 'text/event-stream');
    for (const word of content.split(' ')) {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: `${word} ` } }] })}\n\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`,
    traceparents,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
