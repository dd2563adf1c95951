// Echoes audio frames over a WebSocket. Each call is a span, and each of its frames is a child span.
import {
  type Context,
  extract,
  initialize,
  instrumentAudioProcessing,
  instrumentConnectionCreated,
  recordError,
  type Span,
} from '@realtime-ai/trace';

initialize({ serviceName: 'bun-echo' });

interface Call {
  id: string;
  /** The trace context of the caller. */
  caller: Context;
  span?: Span;
}

interface Socket {
  data: Call;
  send(frame: Uint8Array): void;
}

export default {
  fetch(request: Request, server: { upgrade(request: Request, options: { data: Call }): boolean }) {
    const data = { id: crypto.randomUUID(), caller: extract(request.headers) };
    if (!server.upgrade(request, { data })) return new Response('open a WebSocket', { status: 426 });
  },

  websocket: {
    open({ data }: Socket) {
      data.span = instrumentConnectionCreated(data.id, 'websocket', { parent: data.caller });
    },
    message(socket: Socket, frame: Uint8Array) {
      const { span } = socket.data;
      instrumentAudioProcessing('echo', frame.length, frame.length, { parent: span }, () => socket.send(frame));
    },
    close({ data: { span } }: Socket, code: number) {
      if (span && code > 1001) recordError(span, new Error(`closed with ${code}`));
      span?.end();
    },
  },
};
