import { fileURLToPath } from 'node:url';

// The folder that has the packages; there are lock files above it.
const root = fileURLToPath(new URL('../../', import.meta.url));

export default { turbopack: { root }, outputFileTracingRoot: root };
