import type { Manifest } from '../manifest/manifest.ts';

const LANGUAGES: Readonly<Record<string, string>> = {
  bun: 'bun',
  cargo: 'rust',
  deno: 'deno',
  dotnet: 'dotnet',
  elixir: 'elixir',
  go: 'go',
  java: 'java',
  mix: 'elixir',
  node: 'node',
  npm: 'node',
  npx: 'node',
  perl: 'perl',
  php: 'php',
  python: 'python',
  python3: 'python',
  ruby: 'ruby',
  rustc: 'rust',
  uvicorn: 'python',
};

/** The language of a plugin, guessed from the program it runs, else from those it requires or builds with. */
export function languageOf({
  run,
  requires,
  setup,
}: Pick<Manifest, 'run' | 'requires' | 'setup'>): string | undefined {
  const programs = [run[0], ...Object.keys(requires), ...setup.map(([program]) => program)];
  const names = programs.map((program = '') => program.slice(program.lastIndexOf('/') + 1));
  return names.map((name) => LANGUAGES[name]).find((language) => language !== undefined);
}
