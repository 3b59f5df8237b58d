import { spawn } from 'node:child_process';

/**
 * Runs a shell command that builds for minutes while other tests run, which shall not notice: it gets what they leave of the
 * processors, and ends with them when nobody has waited for it. The promise rejects with what it wrote.
 */
export function buildInBackground(command: string, env: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn('nice', ['-n', '19', 'sh', '-c', command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid);
  };
  process.once('exit', stop);
  child.unref();
  // A pipe is a socket, which is not said in its type.
  (child.stderr as unknown as { unref(): void }).unref();
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const built = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve();
      else reject(new Error(`'${command}' ended with ${code}:\n${output}`));
    });
  });
  // Whoever needs it says so later.
  built.catch(() => undefined);
  return built;
}
