import type { Measurement } from './bench-case.ts';
import { earlierText, type Run } from './results.ts';
import { shownFigure } from './shown.ts';

const SECTION = /(<!-- bench: summary -->\n)[\s\S]*?(<!-- end -->)/;
const US = '@realtime-ai/trace';
const PEERS = ['OpenTelemetry JS 2.12', 'OpenTelemetry JS 3.1', 'Sentry 11.12'];

/** The cases that readers ask about first, with short titles. */
const ROWS: Readonly<Record<string, string>> = {
  'span-attributes': 'Time per span with 5 attributes and an event, encoded',
  'nested-active': 'Time per nested active span, encoded',
  unsampled: 'Time per unsampled span',
  allocation: 'Garbage per span',
  'real-loop': 'CPU time per exported span, at 20,000 a second',
  'sustained-rate': 'Highest rate without a lost span',
  'slow-collector-100': 'Spans lost at 20,000 a second, with a collector that answers after 100 ms',
  'startup-esm': 'Time from import to first span',
  bundle: 'Browser bundle, gzipped',
  footprint: 'Installed size',
};

/** Returns the README with its table filled in from `run`. */
export function withSummary(readme: string, run: Run): string {
  if (!SECTION.test(readme)) throw new Error('the README has no summary of the benchmarks');
  return readme.replace(SECTION, (_, begin: string, end: string) => `${begin}\n${tableOf(run)}\n\n${end}`);
}

function tableOf({ cases, runtime, cpu, cores, date }: Run): string {
  const rows = Object.entries(ROWS).map(([name, what]) => {
    const found = cases[name];
    if (found === undefined) throw new Error(`there is no result of ${name}: run npm run bench -- --only ${name}`);
    return [what, `**${shownOf(found, US)}**`, ...PEERS.map((peer) => shownOf(found, peer))];
  });
  const titles = ['', 'This package', ...PEERS];
  const lines = [titles, titles.map((_, at) => (at === 0 ? '---' : '---:')), ...rows];
  const shown = Object.fromEntries(Object.keys(ROWS).map((name) => [name, cases[name]]));
  const earlier = earlierText(shown, (name) => ROWS[name].replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()));
  const where = `Medians, measured on ${date} with ${runtime} on ${cores} cores of ${cpu}. ${earlier}`.trim();
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${where}`;
}

function shownOf({ figures, beside = [], unit }: Measurement, name: string): string {
  const figure = [...figures, ...beside].find((each) => each.name === name);
  return figure === undefined ? '–' : shownFigure(figure.median, unit);
}
