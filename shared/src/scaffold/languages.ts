/** What a plugin may be started from. */
export interface Language {
  /** What `--lang` says; the folder of its templates. */
  readonly id: string;
  readonly title: string;
  /** How its tests are run in its folder, after what its manifest's `setup` does. */
  readonly test: readonly string[];
  /** Its templates import the SDK, which a folder elsewhere does not have. */
  readonly needsSdk?: true;
}

/** Every language that has templates: `templates/<id>/<kind>`. */
export const LANGUAGES: readonly Language[] = [
  { id: 'ts', title: 'TypeScript', test: ['npx', 'node', '--test'], needsSdk: true },
  { id: 'js', title: 'JavaScript', test: ['npx', 'node', '--test'], needsSdk: true },
  { id: 'python', title: 'Python', test: ['.venv/bin/python', '-m', 'unittest'] },
  { id: 'go', title: 'Go', test: ['go', 'test', './...'] },
  { id: 'rust', title: 'Rust', test: ['cargo', 'test'] },
];
