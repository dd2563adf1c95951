// biome-ignore lint/correctness/noUnusedImports: the test expects these names to be tree-shaken
import { initialize as _initialize, withSpan as _withSpan } from '@realtime-ai/trace';

globalThis.main = async () => 'nothing';
