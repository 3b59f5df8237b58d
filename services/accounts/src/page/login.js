import { ask } from '../../../page/api.js';
import { field, onSubmit } from '../../../page/forms.js';

onSubmit('form', 'problem', async () => {
  await ask('POST', 'v1/login', { name: field('name').value, password: field('password').value });
  location.assign(nextPage());
});

/** Where the visitor wanted to go, if that is a page of this origin; else the account. */
function nextPage() {
  const wanted = new URLSearchParams(location.search).get('next');
  const next = new URL(wanted ?? '.', document.baseURI);
  return next.origin === location.origin ? next : document.baseURI;
}
