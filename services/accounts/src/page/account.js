import { ask, Refusal } from '../../../page/api.js';
import { element } from '../../../page/dom.js';
import { field, onClick, onSubmit } from '../../../page/forms.js';
import { KeyList } from './key-list.js';

const toLogin = () => location.assign(new URL('login', document.baseURI));

/** @param {unknown} error */
function unlessLoggedOut(error) {
  if (!(error instanceof Refusal) || error.status !== 401) throw error;
}

/** @param {{ name: string, roles: string[], endsAt: number }} session */
function show({ name, roles, endsAt }) {
  element('who').textContent = name;
  element('roles').textContent = roles.join(', ') || 'none';
  element('until').textContent = new Date(endsAt).toLocaleString();
  field('username').value = name;
  element('admin-guard').hidden = !roles.includes('admin');
  element('account').hidden = false;
}

onClick(element('logout'), 'logout-problem', () =>
  ask('POST', 'v1/logout').catch(unlessLoggedOut).then(toLogin),
);

onSubmit('password-form', 'password-problem', async () => {
  element('password-done').textContent = '';
  const body = { current: field('current').value, password: field('new').value };
  show(await ask('POST', 'v1/password', body));
  field('current').value = field('new').value = '';
  element('password-done').textContent = 'Changed. Every other session has ended.';
});

try {
  show(await ask('GET', 'v1/session'));
  await new KeyList().start();
} catch (error) {
  unlessLoggedOut(error);
  toLogin();
}
