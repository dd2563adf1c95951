import type { Target } from './targets.ts';

/** How a score compares with its target. */
export type Verdict = 'goal' | 'required' | 'short' | 'far short';

/** Returns the bounds of a target on a runtime. */
export function boundsOf(target: Target, runtimeKey: string): { required: number; goal: number } {
  return target.on?.[runtimeKey] ?? target;
}

/** Rates a score. Only `far short`, by default half as good as required, fails a run, so that noise cannot. */
export function verdictOf(score: number, target: Target, runtimeKey: string): Verdict {
  const { required, goal } = boundsOf(target, runtimeKey);
  const isTimes = target.measure === 'times';
  const reaches = (bound: number) => (isTimes ? score >= bound : score <= bound);
  if (reaches(goal)) return 'goal';
  if (reaches(required)) return 'required';
  const last = target.failsBeyond ?? (isTimes ? required / 2 : required * 2);
  return reaches(last) ? 'short' : 'far short';
}
