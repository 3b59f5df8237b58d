import { Follower } from './follower.js';
import { ROOT } from './root.js';
import { showTopics } from './topic-list.js';

new Follower(
  new URL('docs/topics.json', ROOT).href,
  () => ({}),
  ({ topics }) => showTopics(topics),
).start();
