import {
  contextWithSpan,
  extract,
  inject,
  instrumentLLMRequest,
  spanFromContext,
  startSpan,
  traceId,
  withSpan,
} from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Explicit parents',
  spans: 10,
  async run({ initialize, has }) {
    initialize();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
    const talk = async (name: string) => {
      const outer = startSpan(name, { root: true });
      await pause();
      await instrumentLLMRequest('provider', 'model', { parent: outer }, async (request) => {
        await pause();
        startSpan(`${name}: token`, { parent: request }).end();
      });
      await pause();
      outer.run(() => startSpan(`${name}: run`).end());
      outer.end();
      return contextWithSpan(outer);
    };
    const [context] = await Promise.all([talk('one'), talk('two')]);
    const carrier: Record<string, string> = {};
    inject(carrier, { context });
    startSpan('elsewhere', { parent: extract(carrier) }).end();
    // Without async context, no context is active after an await, which is better than an unrelated one.
    await withSpan('none', { root: true }, async (span) => {
      expectEqual(spanFromContext() === span, true, 'the span is active');
      await pause();
      expectEqual(traceId(), has('async context') ? span.spanContext().traceId : '', 'the trace after an await');
    });
    expectEqual(traceId(), '', 'the trace after all spans');
    await shutDown();
  },
  check({ spans }) {
    for (const name of ['one', 'two']) {
      const [root] = spans.filter((span) => span.name === name);
      const own = spans.filter((span) => span.traceId === root.traceId && span.name !== 'elsewhere');
      expectEqual(treeOf(own), `${name}(llm.request(${name}: token), ${name}: run)`, 'the trace');
    }
    const [one, elsewhere] = ['one', 'elsewhere'].map((name) => spans.find((span) => span.name === name));
    expectEqual(
      [elsewhere?.traceId, elsewhere?.parentSpanId],
      [one?.traceId, one?.spanId],
      'the parent that came by a carrier',
    );
  },
});
