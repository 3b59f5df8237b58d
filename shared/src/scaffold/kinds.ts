/** What a plugin is for. */
export interface Kind {
  /** What `--kind` says; a folder of templates in each language. */
  readonly id: string;
  readonly summary: string;
  /** The languages that have templates of it; default all. */
  readonly languages?: readonly string[];
  /** The path at the gateway where it is seen; default the plugin's own. */
  readonly seenAt?: string;
}

/** Every kind, in the order in which they are offered; the first one is the default. */
export const KINDS: readonly Kind[] = [
  { id: 'route', summary: 'answers HTTP, for everybody and for those who have logged in' },
  { id: 'service', summary: 'works in the background, live on a topic' },
  { id: 'middleware', summary: 'looks at the requests to other plugins' },
  {
    id: 'endpoint',
    summary: 'adds a type of external system that users connect to',
    languages: ['ts', 'js', 'python'],
    seenAt: '/api/endpoints/v1/types',
  },
];

/** The kinds that there are in a language. */
export function kindsOf(language: string): readonly Kind[] {
  return KINDS.filter(({ languages = [language] }) => languages.includes(language));
}
