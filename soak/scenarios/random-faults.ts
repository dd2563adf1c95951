import type { Fault } from '../../test/export/faults/fault.ts';
import type { Scenario } from '../scenario.ts';

const SPANS_A_SECOND = 2_000;

type Fate = 'kept' | 'refused' | 'rejected';

// A server's fault, and what it may do to spans besides having them sent again.
const faults: readonly [what: string, fault: Fault | 'gone', fate: Fate][] = [
  ['is not reachable', 'gone', 'kept'],
  ['resets connections', { kind: 'break', at: 'connection' }, 'kept'],
  ['resets reused connections', { kind: 'break', at: 'connection', only: 'kept' }, 'kept'],
  ['resets requests midway', { kind: 'break', at: 'half' }, 'kept'],
  ['resets after requests', { kind: 'break', at: 'request' }, 'kept'],
  ['closes after requests', { kind: 'break', at: 'request', gently: true }, 'kept'],
  ['resets within heads', { kind: 'break', at: 'head' }, 'kept'],
  ['resets within bodies', { kind: 'break', at: 'body' }, 'kept'],
  ['closes within bodies', { kind: 'break', at: 'body', gently: true }, 'kept'],
  ['resets after responses', { kind: 'break', at: 'answer' }, 'kept'],
  ['reads nothing', { kind: 'silence', at: 'connection' }, 'kept'],
  ['never responds', { kind: 'silence', at: 'request' }, 'kept'],
  ['sends half a response head', { kind: 'silence', at: 'head' }, 'kept'],
  ['sends half a response body', { kind: 'silence', at: 'body' }, 'kept'],
  ['ignores reused connections', { kind: 'silence', at: 'connection', only: 'kept' }, 'kept'],
  ['closes idle connections', { kind: 'answer', idleMillis: 20 }, 'kept'],
  ['reads slowly', { kind: 'slow reader' }, 'kept'],
  ['speaks SSH', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.6\r\n' }, 'kept'],
  ['speaks HTTP/2', { kind: 'raw', bytes: '\x00\x00\x00\x04\x00\x00\x00\x00\x00' }, 'kept'],
  ['floods with 200', { kind: 'flood', status: 200, framing: 'chunked' }, 'kept'],
  ['floods with 503', { kind: 'flood', status: 503, framing: 'length' }, 'kept'],
  ...[429, 502, 503, 504].map((status): [string, Fault, Fate] => [String(status), { kind: 'answer', status }, 'kept']),
  ...['-1', '2', 'abc', '99999999'].map((wait): [string, Fault, Fate] => [
    `503, Retry-After: ${wait}`,
    { kind: 'answer', status: 503, headers: { 'retry-after': wait } },
    'kept',
  ]),
  ['413 over 200 kB', { kind: 'answer', status: 413, overBytes: 200_000 }, 'kept'],
  ['a body of noise', { kind: 'answer', body: '\x0a\xff\xff\xff\x7f' }, 'kept'],
  ['400 with the headers in it', { kind: 'answer', status: 400, echoes: true }, 'refused'],
  ['a redirect', { kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:9/' } }, 'refused'],
  ['500', { kind: 'answer', status: 500 }, 'refused'],
  ['a partial success', { kind: 'answer', rejected: 1, echoes: true }, 'rejected'],
];

export const randomFaults: Scenario = {
  name: 'random faults',
  what: 'random faults, each for up to 2.5 seconds, at 2,000 spans/s',
  share: 0.25,
  async run(stage, seconds) {
    const { random } = stage;
    const server = await stage.server({ checkEvery: 10 });
    const producer = await stage.producer({ url: server.url, exporter: { timeoutMillis: 1_000 } });
    await stage.warm(producer, SPANS_A_SECOND, 2);
    const met: string[] = [];
    const fates = new Set<Fate>();
    for (let left = seconds - 2; left > 0; ) {
      const [what, fault, fate] = random.pick(faults);
      met.push(what);
      fates.add(fate);
      if (fault === 'gone') await server.close();
      else await server.turn(fault);
      const lasts = random.between(0.5, 2.5);
      await stage.wait(lasts);
      if (fault === 'gone') await server.listen();
      else await server.recover();
      // Flushing after every fault would spend most of the time on waiting for retries.
      if (random.next() < 0.5) await producer.flush();
      const pause = random.between(0.2, 1);
      await stage.wait(pause);
      left -= lasts + pause;
    }
    stage.notes.push(met.join('; '));
    await stage.conclude(server, producer, {
      dropped: fates.has('refused') ? ['refused', 'queue_full'] : ['queue_full'],
      rejected: fates.has('rejected'),
      unknown: true,
      again: true,
    });
  },
};
