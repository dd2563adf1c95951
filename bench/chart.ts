import type { Run } from './results.ts';
import { shownScore } from './shown.ts';
import { suite } from './suite.ts';
import { targets } from './targets.ts';
import { boundsOf, verdictOf } from './verdict.ts';

const WIDTH = 900;
const LABELS = 400;
const ROW = 30;
const TOP = 64;

/** Draws the cases that compare with a peer as bars of times better, with marks at the required value and the goal. */
export function chart({ cases, runtime, cpu }: Run, key: string): string {
  const bars = suite.flatMap(({ name, what }) => {
    const found = cases[name];
    const target = targets[name];
    return found === undefined || target.measure !== 'times' ? [] : [{ what, score: found.score, target }];
  });
  const most = Math.max(...bars.map(({ score, target }) => Math.max(score, boundsOf(target, key).goal)));
  // Scores have a column at the right, where no mark crosses them.
  const scale = (WIDTH - LABELS - 80) / most;
  const x = (times: number) => (LABELS + times * scale).toFixed(1);
  const height = TOP + bars.length * ROW + 44;
  const bottom = TOP + bars.length * ROW;

  const grid: string[] = [];
  const step = most > 20 ? 5 : 2;
  for (let times = 0; times <= most; times += step) {
    grid.push(
      `<line x1="${x(times)}" y1="${TOP - 6}" x2="${x(times)}" y2="${bottom}" stroke="#e2e2e2"/>`,
      `<text x="${x(times)}" y="${bottom + 16}" text-anchor="middle" fill="#666">${times}×</text>`,
    );
  }
  const rows = bars.map(({ what, score, target }, at) => {
    const y = TOP + at * ROW;
    const { required, goal } = boundsOf(target, key);
    const reached = /goal|required/.test(verdictOf(score, target, key));
    return [
      `<text x="${LABELS - 10}" y="${y + 16}" text-anchor="end">${escaped(what)}</text>`,
      `<rect x="${x(0)}" y="${y + 3}" width="${(score * scale).toFixed(1)}" height="18" rx="2" fill="${reached ? '#2f7d5b' : '#c98a2b'}"/>`,
      `<line x1="${x(required)}" y1="${y}" x2="${x(required)}" y2="${y + 24}" stroke="#222" stroke-width="2"/>`,
      `<line x1="${x(goal)}" y1="${y}" x2="${x(goal)}" y2="${y + 24}" stroke="#222" stroke-width="2" stroke-dasharray="3 3"/>`,
      `<text x="${WIDTH - 16}" y="${y + 17}" text-anchor="end" font-weight="bold">${shownScore(score, 'times')}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#222">
<title>How many times better than the better of OpenTelemetry JS 2.12 and 3.1</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="16" y="24" font-size="16" font-weight="bold">How many times better than the better of OpenTelemetry JS 2.12 and 3.1</text>
<text x="16" y="44" fill="#666">${escaped(`${runtime}, ${cpu}. Solid line: required. Dashed line: goal.`)}</text>
${grid.join('\n')}
${rows.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
