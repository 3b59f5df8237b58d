/** Keeps so many channel processes on one port, as pm2 does: `node cluster-primary.ts <main.ts> <count>`. */
import cluster from 'node:cluster';

const [, , main = '', count = '1'] = process.argv;
cluster.setupPrimary({ exec: main });
for (let n = 0; n < Number(count); n++) start();
cluster.on('exit', () => start());
cluster.on('message', ({ process: { pid } }, message) => {
  if (message === 'ready') process.stdout.write(`ready ${pid}\n`);
});

function start(): void {
  cluster.fork();
}
