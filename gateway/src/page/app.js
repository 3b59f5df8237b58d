import { addressOf } from './address.js';
import { Connection } from './connection.js';
import { element } from './dom.js';
import { LiveValues } from './live-values.js';
import { MachineBoard } from './machine-board.js';
import { PluginList } from './plugin-list.js';
import { PushBox } from './push-box.js';

/** What the connection's states are called on the page. */
const STATE_TEXT = { connecting: 'connecting', live: 'live', lost: 'connection lost, trying again' };

element('where').textContent = location.host;

const connection = new Connection(addressOf('/socket'));
connection.onState((state) => {
  element('connection').dataset.state = state;
  element('connection-text').textContent = STATE_TEXT[state];
});

new MachineBoard(connection).start();
const live = new LiveValues(connection);
live.start();
new PluginList(addressOf('/mesh/plugins'), live).start();
new PushBox(connection).start();
connection.start();
