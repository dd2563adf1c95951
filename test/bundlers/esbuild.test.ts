import { esbuild } from './esbuild.ts';
import { describeBundler } from './suite.ts';

describeBundler(esbuild);
