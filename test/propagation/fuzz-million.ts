import { testWithRandomHeaders } from './fuzz.ts';

testWithRandomHeaders(1_000_000);
