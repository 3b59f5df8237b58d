import type { AddressInfo } from 'node:net';
import { ProxyApp } from './proxy-app.ts';

/** The proxy as a process of its own, for endpoint `one` at the URL of its argument; writes its port, and at SIGUSR2 how much memory it has taken. */
const app = new ProxyApp();
app.connections.put('one', process.argv[2] ?? '');
app.server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(app.server.address() as AddressInfo).port}`);
});
const before = process.memoryUsage.rss();
let most = 0;
setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
process.on('SIGUSR2', () => console.log(`more ${most - before}`));
