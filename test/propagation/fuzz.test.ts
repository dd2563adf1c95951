import { testWithRandomHeaders } from './fuzz.ts';

// A tenth of the headers of `npm run fuzz`.
testWithRandomHeaders(100_000);
