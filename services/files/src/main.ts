import { resolve } from 'node:path';
import { definePlugin } from '@plugmesh/sdk';
import { z } from 'zod';
import { answerWithFile } from './answer-with-file.ts';
import { assertFolder } from './find-file.ts';
import { openapi } from './openapi.ts';

const config = z.object({
  root: z.string().default('public'),
  index: z.array(z.string()).default(['index.html']),
  hidden: z.boolean().default(false),
});

definePlugin({
  config,
  openapi,
  async setup({ router, config, log }) {
    // From the working directory, which is the plugin's folder: a second manifest may run this program in its own.
    const root = resolve(config.root);
    await assertFolder(root);
    log.info({ root }, 'serving a folder');
    router.use(answerWithFile({ ...config, root }));
  },
});
