import { randomInt } from 'node:crypto';
import { fuzz } from '../fuzz/fuzz.ts';
import { hasNginx } from '../fuzz/nginx.ts';

const CASES = 1500;

describe('hostile bytes, through the gateway and through nginx', () => {
  it(`reach no plugin that should not see them, in ${CASES} random cases`, async function () {
    if (!hasNginx) {
      console.error('SKIPPED: install nginx');
      this.skip();
    }
    this.timeout(120_000);
    const seed = randomInt(2 ** 31);
    // Before the run: one that hangs is repeated with it as well.
    console.log(`      seed ${seed} …`);
    const { seconds, acceptedByBoth } = await fuzz({ cases: CASES, seed });
    console.log(`      ${acceptedByBoth} requests compared in ${seconds} s`);
  });
});
