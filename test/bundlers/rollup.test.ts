import { rollup } from './rollup.ts';
import { describeBundler } from './suite.ts';

describeBundler(rollup);
