import type { MeshDocument, TopicRule } from '@plugmesh/shared/mesh-document';
import type { Viewer } from './viewer.ts';

/** What `/docs/topics.json` answers with. */
export interface TopicsDocument {
  readonly topics: readonly TopicRule[];
}

/** The topics that a viewer may join or push to, with their events, by plugin and pattern; the mesh's own ones first. */
export function topicsFor({ topics }: Pick<MeshDocument, 'topics'>, viewer: Viewer): TopicsDocument {
  const visible = topics.filter(({ join, push }) => viewer.mayJoin(join) || viewer.mayJoin(push));
  return { topics: visible.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)) };
}

function placeOf({ plugin, pattern }: TopicRule): string {
  return `${plugin === 'mesh' ? '' : plugin} ${pattern}`;
}
