import { ask } from '../../../page/api.js';
import { Connection } from '../../../page/connection.js';
import { element } from '../../../page/dom.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { ConnectDialog } from './connect-dialog.js';
import { EndpointList } from './endpoint-list.js';
import { OwnerNames } from './owner-names.js';
import { RegisterDialog } from './register-dialog.js';

/** What says nothing when it changes is asked for so often: whether plugins of types are ready, and what they add. */
const REFRESH_MS = 20_000;
/** What the connection's states are called on the page. */
const STATE_TEXT = { connecting: 'connecting', live: 'live', lost: 'connection lost, trying again' };

const connection = new Connection(new URL('../../socket', document.baseURI).pathname);
const refresh = () => list.refresh();
const registering = new RegisterDialog(refresh);
const connecting = new ConnectDialog(refresh);
const confirming = new ConfirmDialog();
/** @type {import('./model.js').Answer | undefined} */
let shown;

/** @type {import('./endpoint-row.js').Actions} */
const actions = {
  connect: ({ endpoint, around }) =>
    connecting.open(endpoint, { kinds: around.type?.connect ?? [], mayShare: around.you.admin }),

  async check(row) {
    await ask('POST', `v1/endpoints/${row.endpoint.guid}/connection/validate`);
    row.say('It still takes these credentials.');
  },

  disconnect({ endpoint: { guid, name, connection } }) {
    const isShared = connection?.shared === true;
    const text = isShared
      ? 'Whoever uses the connection for everybody has none then. Its credentials are deleted.'
      : 'The credentials that you gave are deleted.';
    confirming.ask({ title: `Disconnect from ${name}?`, text, button: 'Disconnect' }, async (signal) => {
      await ask('DELETE', `v1/endpoints/${guid}/connection${isShared ? '?shared=1' : ''}`, undefined, signal);
      await refresh();
    });
  },

  unregister({ endpoint: { guid, name } }) {
    const text =
      'It is forgotten, with the credentials of everybody who is connected. The system itself stays as it is.';
    confirming.ask({ title: `Unregister ${name}?`, text, button: 'Unregister' }, async (signal) => {
      await ask('DELETE', `v1/endpoints/${guid}`, undefined, signal);
      await refresh();
    });
  },
};

const list = new EndpointList({ actions, owners: new OwnerNames(), onAnswer });

/** @param {import('./model.js').Answer} answer */
function onAnswer(answer) {
  // Somebody else has logged in with this browser: the socket is still that of who was here before.
  if (shown && shown.you.id !== answer.you.id) return location.reload();
  if (!shown) follow();
  shown = answer;
  element('register').hidden = !answer.you.mayRegister;
  element('account').textContent = answer.you.name;
  element('account').hidden = element('connection').hidden = false;
}

/** Asks again whenever something has changed, or may have while nobody could say so. */
function follow() {
  connection.onState((state) => {
    element('connection').dataset.state = state;
    element('connection-text').textContent = STATE_TEXT[state];
    if (state === 'live') void refresh();
  });
  connection.hear('endpoints:list', () => void refresh());
  connection.start();
}

const login = new URL('../accounts/login', document.baseURI);
login.searchParams.set('next', location.pathname);
element('login-link').setAttribute('href', login.href);
element('register').addEventListener('click', () => registering.open(shown?.types ?? []));
document.addEventListener('visibilitychange', () => void (document.hidden || refresh()));
setInterval(() => void (document.hidden || refresh()), REFRESH_MS);
await refresh();
