import { withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import { treeOf } from '../span-tree.ts';

export default defineCase({
  title: 'Context in event listeners',
  spans: 4,
  async run({ initialize, has }) {
    initialize();
    const target = new EventTarget();
    // Also test Node's emitter, where it exists.
    const events = globalThis.process?.getBuiltinModule?.('node:events');
    const emitter = events === undefined ? undefined : new events.EventEmitter();
    const heard: Promise<void>[] = [];
    const listen = () => heard.push(withSpan('heard', async () => {}));
    // A listener runs in the context of the emitter, not in that in which it was added.
    withSpan('listening', () => {
      target.addEventListener('turn', listen);
      emitter?.on('turn', listen);
    });
    await withSpan('emitting', async () => {
      if (has('async context')) await Promise.resolve();
      target.dispatchEvent(new Event('turn'));
      if (emitter === undefined) target.dispatchEvent(new Event('turn'));
      else emitter.emit('turn');
    });
    await Promise.all(heard);
    await shutDown();
  },
  check({ spans }) {
    expectEqual(treeOf(spans), 'listening emitting(heard, heard)', 'the traces');
  },
});
