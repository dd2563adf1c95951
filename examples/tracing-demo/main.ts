// A small voice agent, traced: microphone → resample → llm → audio-pacer. README.md says how to run it.
import { readFile } from 'node:fs/promises';
import {
  initialize,
  instrumentElementProcess,
  instrumentElementStart,
  instrumentElementStop,
  instrumentPipelinePush,
  instrumentPipelineStart,
  instrumentPipelineStop,
  MessageType,
  type PipelineMessage,
  shutdown,
} from '@realtime-ai/trace';
import { audioPacerElement, type Element, llmElement, resampleElement } from './elements.ts';
import { log } from './log.ts';
import { createPacer } from './pacer.ts';
import { Queue } from './queue.ts';
import { readWav } from './wav.ts';

const PIPELINE = 'voice-demo';

/** A message on its way through the pipeline. */
interface Job {
  message: PipelineMessage;
  /** Called at the end of the pipeline with the outcome of the message. */
  done(outcome: string): void;
}

// Ctrl+C ends the speech early, and then everything stops as usual: a trace is complete only once its spans have
// ended and been sent. (`once`: a second Ctrl+C kills the demo at once.)
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopping = true;
  });
}

initialize({ serviceName: 'tracing-demo' });

const elements = [resampleElement(), llmElement(), audioPacerElement()];
instrumentPipelineStart(PIPELINE, () => {
  for (const element of elements) instrumentElementStart(element.name).end();
});

const queues = elements.map(() => new Queue<Job>());
const running = elements.map((element, index) => run(element, queues[index], queues[index + 1]));
await speak(queues[0]);
queues[0].close();
await Promise.all(running);

instrumentPipelineStop(PIPELINE, () => {
  for (const element of elements) instrumentElementStop(element.name).end();
});
await shutdown(); // sends what has not been sent yet

/** Pushes five messages of 100 ms of speech into the pipeline, 200 ms apart, and waits until the last is done. */
async function speak(pipeline: Queue<Job>): Promise<void> {
  const wav = readWav(await readFile(new URL('speech.wav', import.meta.url)));
  const size = 9_600; // 100 ms of 48 kHz, 16 bit, mono
  const pieces = [0, 1, 2, 3, 4].map((index) => wav.data.subarray(index * size, (index + 1) * size));
  const every200Millis = createPacer(200);

  const pushes: Promise<void>[] = [];
  for await (const data of every200Millis(pieces)) {
    if (stopping) break;
    // The fourth message fails on purpose: it claims 44.1 kHz, as if the caller had switched headsets.
    const sampleRate = data === pieces[3] ? 44_100 : wav.sampleRate;
    const message: PipelineMessage = {
      type: MessageType.Audio,
      sessionId: 'session-1',
      timestamp: Date.now(),
      audioData: { data, sampleRate, channels: wav.channels, mediaType: 'audio/x-raw', codec: 'pcm' },
    };
    // The span of the push lasts until the message is done, which is how long the caller waits.
    const push = instrumentPipelinePush(PIPELINE, message, async () => {
      log(`push: ${data.byteLength} bytes of speech`);
      const outcome = await new Promise<string>((done) => pipeline.push({ message, done }));
      log(`done: ${outcome}`);
    });
    pushes.push(push);
  }
  await Promise.all(pushes);
}

/** Runs an element on one message after the other. Passes each result to the next element, if there is one. */
async function run(element: Element, input: Queue<Job>, next?: Queue<Job>): Promise<void> {
  for await (const { message, done } of input) {
    try {
      // No span is active in this loop. The message itself carries the trace, so this span finds its parent there.
      const result = await instrumentElementProcess(element.name, message, (span) => element.process(message, span));
      if (next === undefined) done('played');
      else next.push({ message: result, done });
    } catch (error) {
      done(`dropped by ${element.name}: ${(error as Error).message}`); // the span has recorded the error
    }
  }
  next?.close();
}
