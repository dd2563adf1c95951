import { describeBundler } from './suite.ts';
import { vite } from './vite.ts';

describeBundler(vite);
