import { Follower } from './follower.js';
import { Operations } from './operations.js';
import { showBadges } from './plugin-badges.js';
import { ROOT } from './root.js';
import { Visitor } from './visitor.js';

const visitor = new Visitor(() => follower.again());
const operations = new Operations((request) => visitor.sign(request));
const follower = new Follower(
  new URL('openapi.json', ROOT).href,
  () => visitor.reading(),
  (document) => {
    showBadges(document['x-plugmesh-plugins']);
    operations.show(document);
  },
);

visitor.start();
follower.start();
