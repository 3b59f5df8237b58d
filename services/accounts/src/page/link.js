import { ask } from '../../../page/api.js';
import { field, onSubmit } from '../../../page/forms.js';

// Behind `#` it was sent to nobody; from here on it is not in the address either, nor in the history.
const link = location.hash.slice(1);
history.replaceState(null, '', location.pathname);

onSubmit('form', 'problem', async () => {
  const password = field('password').value;
  if (password !== field('again').value) throw new Error('The two are not the same.');
  await ask('POST', 'v1/link', { link, password });
  location.assign(document.baseURI);
});
