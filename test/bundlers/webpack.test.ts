import { describeBundler } from './suite.ts';
import { webpack } from './webpack.ts';

describeBundler(webpack);
