import assert from 'node:assert/strict';
import { decodeRequest, flatten } from '../test/oracle/otlp.ts';
import { compare } from './measure.ts';
import { openTelemetry2 } from './peers/opentelemetry-2/subject.ts';
import { openTelemetry3 } from './peers/opentelemetry-3/subject.ts';
import { realtimeAi } from './realtime-ai.ts';
import type { Subject } from './subject.ts';

const isQuick = process.argv.includes('--quick');
const subjects: Subject[] = [realtimeAi(), openTelemetry2(), openTelemetry3()];

/** A span with 5 attributes and 1 event, created, ended and encoded. */
function span({ tracer }: Subject): void {
  const span = tracer.startSpan('llm.request', {
    attributes: {
      'llm.provider': 'gemini',
      'llm.model': 'gemini-2.0-flash-exp',
      'session.id': 'session-4711',
      'audio.sample_rate': 16_000,
      streaming: true,
    },
  });
  span.addEvent('first_token', { 'token.index': 0 });
  span.end();
}

// Before anything is timed: the work is done, and it is the same work.
const messages = [];
for (const subject of subjects) {
  for (let call = 0; call < 3; call++) span(subject);
  const spans = flatten(decodeRequest(await subject.drain()));
  assert.equal(spans.length, 3, `${subject.name} encodes each span`);
  messages.push({ attributes: spans[2].attributes, events: spans[2].events.map(({ attributes }) => attributes) });
}
for (const message of messages) assert.deepEqual(message, messages[0]);

const figures = await compare(
  subjects.map((subject) => ({ name: subject.name, work: () => span(subject), finish: () => subject.drain() })),
  isQuick ? 3 : 7,
);
const [ours, ...peers] = figures;
const best = peers.reduce((a, b) => (b.median < a.median ? b : a));
console.log('span with 5 attributes and 1 event, created, ended, encoded (ns a span: median, least to most)');
for (const { name, median, least, most } of figures) {
  console.log(`  ${name.padEnd(24)} ${median.toFixed(0).padStart(6)}  ${least.toFixed(0)} to ${most.toFixed(0)}`);
}
console.log(`  ${(best.median / ours.median).toFixed(1)} times as fast as ${best.name}`);
