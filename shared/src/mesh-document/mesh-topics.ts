import type { TopicAccess, TopicRule } from './types.ts';

function meshRule(pattern: string, access: TopicAccess, description: string): TopicRule {
  const defaults = { plugin: 'mesh', presence: false, envelope: false, overflow: 'disconnect' } as const;
  return { ...defaults, pattern, join: access, push: access, description };
}

/** The topics that are always there (contracts § 2.2); no plugin may claim their patterns. */
export const MESH_TOPICS: readonly TopicRule[] = [
  meshRule('system', 'public', 'News of the whole mesh.'),
  meshRule('admin', 'admin', 'Who joined what, for administrators.'),
  meshRule('streaming-*', 'owner', "One client's own stream."),
  meshRule('phoenix', 'none', 'Heartbeats of the protocol.'),
];
