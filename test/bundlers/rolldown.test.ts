import { rolldown } from './rolldown.ts';
import { describeBundler } from './suite.ts';

describeBundler(rolldown);
