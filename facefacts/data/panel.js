// The panel's browser side: it shows what Python sends, and tells Python what was pressed or dropped.
// Content travels in messages, never in the widget's state: a saved notebook holds no photo.
const CHUNK = 1 << 20; // bytes to a message, far below every server's limit
const REGIONS = {intro: '', status: 'role="status" aria-live="polite"', gallery: '', photo: '', method: '', tiles: 'aria-live="polite"', depth: '', table: ''};

function region(name) { return `<div data-region="${name}" ${REGIONS[name]}></div>`; }

function render({ model, el }) {
  const root = document.createElement('section');
  root.className = 'facefacts';
  root.setAttribute('aria-label', 'Face Facts');
  root.innerHTML = region('intro') + region('status') + region('gallery') +
    `<div class="ff-main">${region('photo')}<div class="ff-side">${region('method')}${region('tiles')}</div></div>` +
    region('depth') + region('table') + '<input type="file" multiple hidden tabindex="-1" accept="image/*,.heic,.heif,.avif">';
  el.append(root);
  const input = root.querySelector('input');
  const tell = (what, arg, buffers) => model.send({ do: what, arg }, undefined, buffers);
  let offered = [];

  // Python says which of the offered files it wants, so limits and wording live in one place
  async function offer(files) {
    offered = [...files];
    if (offered.length) tell('offer', offered.map(f => ({ name: f.name, size: f.size, type: f.type })));
  }
  async function upload(wanted) {
    for (const i of wanted) {
      const f = offered[i];
      try {
        for (let at = 0; at < Math.max(f.size, 1); at += CHUNK)
          tell('chunk', { index: i, end: at + CHUNK >= f.size }, [await f.slice(at, at + CHUNK).arrayBuffer()]);
      } catch (e) { tell('chunk', { index: i, end: true, failed: true }); }
    }
    offered = [];
  }

  function show(name, html) {
    const box = root.querySelector(`[data-region="${name}"]`);
    const had = box.contains(document.activeElement) ? document.activeElement.dataset : null;
    box.innerHTML = html;
    if (had && had.do) { // whoever uses the keyboard stays where they were
      const all = [...box.querySelectorAll(`[data-do="${had.do}"]`)];
      (all.find(b => b.dataset.arg === had.arg) || all[0])?.focus({ preventScroll: true });
    }
  }
  function hear(msg) {
    if (msg.region) show(msg.region, msg.html);
    if (msg.wanted) upload(msg.wanted);
  }

  root.addEventListener('click', e => {
    const b = e.target.closest('[data-do]');
    if (!b) return;
    if (b.dataset.do === 'pick') input.click(); else tell(b.dataset.do, b.dataset.arg);
  });
  root.addEventListener('keydown', e => { // arrows within a group of choices, as in every radio group
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    const group = e.target.closest('[role=radiogroup]');
    if (!step || !group) return;
    const all = [...group.querySelectorAll('[role=radio]')];
    const next = all[(all.indexOf(e.target.closest('[role=radio]')) + step + all.length) % all.length];
    e.preventDefault(); e.stopPropagation(); next.focus(); next.click();
  });
  input.addEventListener('change', () => { offer(input.files); input.value = ''; });
  const drag = on => e => {
    if (![...(e.dataTransfer?.types || [])].includes('Files')) return;
    e.preventDefault(); e.stopPropagation(); root.classList.toggle('ff-drag', on);
    if (e.type === 'drop') offer(e.dataTransfer.files);
  };
  for (const [kind, on] of [['dragenter', true], ['dragover', true], ['dragleave', false], ['drop', false]]) root.addEventListener(kind, drag(on));
  root.addEventListener('paste', e => { if (e.clipboardData?.files.length) offer(e.clipboardData.files); });

  model.on('msg:custom', hear);
  tell('ready');
  return () => model.off('msg:custom', hear);
}
export default { render };
