// biome-ignore lint/correctness/noUnusedImports: these names are here to be left out
import { initialize as _initialize, withSpan as _withSpan } from '@realtime-ai/trace';

globalThis.main = async () => 'nothing';
