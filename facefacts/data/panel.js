// The panel's browser side: it shows what Python sends, and reports to Python what was pressed or dropped.
// Content travels in messages, never in the widget's state: a saved notebook holds no photo.
const CHUNK = 1 << 20; // bytes to a message, far below every server's limit
const PATIENCE = 8000, OVER = 20000; // milliseconds without a sign of Python: then the page says so; then the session counts as ended
const REGIONS = {intro: '', status: 'role="status" aria-live="polite"', gallery: '', photo: '', method: '', tiles: 'aria-live="polite"', depth: '', table: ''};
const FOCUSABLE = 'button, a[href], [tabindex="0"]';
const APP = 'voila' in document.body.dataset; // the page of `facefacts app`, where the whole window is the panel's
const AGAIN = APP ? 'reload the page' : 'run the cell again';

function region(name) { return `<div data-region="${name}" ${REGIONS[name]}></div>`; }

// What tells one control from another after it was drawn anew
function key(e) { return e.dataset.do ? `${e.localName} ${e.dataset.do} ${e.dataset.arg || ''}` : `${e.localName} ${e.getAttribute('download') || e.className}`; }

function render({ model, el }) {
  const root = document.createElement('section');
  root.className = 'facefacts';
  root.setAttribute('aria-label', 'Face Facts');
  root.innerHTML = '<div class="ff-session" role="alert"></div>' + region('intro') + '<div class="ff-camera"></div>' + region('status') + region('gallery') +
    `<div class="ff-main">${region('photo')}<div class="ff-side">${region('method')}${region('tiles')}</div></div>` +
    region('depth') + region('table') + '<input type="file" multiple hidden tabindex="-1">';
  el.append(root);
  const input = root.querySelector('input'), session = root.querySelector('.ff-session');
  const box = name => root.querySelector(`[data-region="${name}"]`);
  let offered = [], turn = 0, sent = 0, chosen = null, ended = false;
  const camera = makeCamera(root.querySelector('.ff-camera'), () => root.querySelector('[data-do=camera]'), file => offer([file]));
  const waiting = new Set(); // numbers of the messages that Python has not answered
  let seen = 0, timer = 0; // when Python was last heard of, or first waited for

  // --- messages to Python, each of which is answered

  function tell(what, arg, buffers) {
    const n = ++sent;
    if (!waiting.size) seen = Date.now();
    waiting.add(n);
    if (!timer) timer = setInterval(late, 1000);
    model.send({ do: what, arg, n }, undefined, buffers);
    return n;
  }
  function answered(n) {
    for (const k of [...waiting]) if (k <= n) waiting.delete(k);
    if (chosen && chosen.n <= n) chosen = null;
  }
  function late() {
    if (!waiting.size) { clearInterval(timer); timer = 0; return; }
    const quiet = Date.now() - seen;
    if (quiet > OVER && APP) say(`The session has ended: ${AGAIN}.`); // in a notebook other cells may keep the kernel busy
    else if (quiet > PATIENCE && !ended) say(`No answer so far: the session is busy, or it has ended. If this stays, ${AGAIN}.`);
  }
  function say(text) {
    ended = text.startsWith('The session has ended');
    root.classList.toggle('ff-ended', ended);
    if (ended) camera.close();
    const html = text && `<p class="ff-error">${text}${APP ? ' <button data-do="reload">Reload the page</button>' : ''}</p>`;
    if (session.innerHTML !== html) session.innerHTML = html;
  }
  // The kernel was lost or has come back: one question settles it, since a new kernel knows nothing of this panel
  function doubt() {
    const n = tell('ping');
    setTimeout(() => { if (waiting.has(n)) say(`The session has ended: ${AGAIN}.`); }, 3000);
  }

  // --- uploads: Python asks for one file after the other, so limits and wording are in one place

  function offer(files) {
    offered = [...files];
    if (offered.length) camera.close();
    if (offered.length) tell('offer', { turn: ++turn, files: offered.map(f => ({ name: f.name, size: f.size, type: f.type })) });
  }
  async function upload(index, mine) {
    const f = offered[index];
    try {
      for (let at = 0; at < Math.max(f.size, 1) && mine === turn; at += CHUNK) {
        const piece = await f.slice(at, at + CHUNK).arrayBuffer();
        if (mine === turn) tell('chunk', { turn, index, end: at + CHUNK >= f.size }, [piece]);
      }
    } catch (e) { tell('chunk', { turn: mine, index, end: true, failed: true }); }
  }

  // --- what Python sends

  function show(name, html) {
    const b = box(name), had = b.contains(document.activeElement) ? document.activeElement : null;
    const wide = [...b.querySelectorAll('.ff-scroll, .ff-gallery, .ff-faces')].map(e => [e.className, e.scrollLeft, e.scrollTop]);
    b.innerHTML = html;
    for (const [css, x, y] of wide) { const e = b.getElementsByClassName(css)[0]; if (e) { e.scrollLeft = x; e.scrollTop = y; } }
    if (had) refocus(b, key(had));
    if (name === 'method') mark();
  }
  // The keyboard's place: the same control, else the chosen one of the region, else its first, else the first of the panel
  function refocus(b, k) {
    const all = [...b.querySelectorAll(FOCUSABLE)];
    const next = all.find(e => key(e) === k) || all.find(e => e.getAttribute('aria-checked') === 'true') || all[0] || root.querySelector('[data-do=pick]');
    next?.focus({ preventScroll: true });
  }
  // The toggle shows what was pressed last, also while Python is still busy with something older
  function mark() {
    if (!chosen) return;
    for (const b of box('method').querySelectorAll('[role=radio]')) {
      b.setAttribute('aria-checked', b.dataset.arg === chosen.method);
      b.tabIndex = b.dataset.arg === chosen.method ? 0 : -1;
    }
  }
  function wait(text) { box('status').innerHTML = '<div class="ff-status"><span></span></div>'; box('status').querySelector('span').textContent = text; }
  function hear(msg) {
    seen = Date.now();
    if (session.innerHTML) say('');
    if (msg.region) show(msg.region, msg.html);
    if (msg.turn === turn && msg.wanted !== undefined) upload(msg.wanted, turn);
    if (msg.heard) answered(msg.heard);
  }

  // --- what a person does

  root.addEventListener('click', e => {
    const b = e.target.closest('[data-do]');
    if (!b) return;
    const what = b.dataset.do, arg = b.dataset.arg;
    if (what === 'reload') return location.reload();
    if (what === 'pick') { input.accept = b.dataset.accept; return input.click(); }
    if (what === 'camera') return camera.open();
    if (['forget', 'sample'].includes(what)) { turn++; offered = []; camera.close(); }
    if (b.dataset.wait) wait(b.dataset.wait);
    const n = tell(what, arg);
    if (what === 'method') { chosen = { method: arg, n }; mark(); }
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

  // Photos are dropped and pasted anywhere on the page of the app, and onto the panel's cell in a notebook;
  // elsewhere a dropped file must not replace the page
  const mine = e => APP || e.composedPath().includes(root.closest('.jp-Cell') || root);
  const brings = e => [...(e.dataTransfer?.types || [])].includes('Files');
  const on = (kind, f, capture) => { window.addEventListener(kind, f, capture); offs.push(() => window.removeEventListener(kind, f, capture)); };
  const offs = [];
  for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop']) on(kind, e => {
    if (!root.isConnected || !brings(e) || !mine(e)) return;
    e.preventDefault(); e.stopPropagation();
    root.classList.toggle('ff-drag', kind === 'dragover' || kind === 'dragenter');
    if (kind === 'drop') offer(e.dataTransfer.files);
  }, true);
  for (const kind of ['dragover', 'drop']) on(kind, e => { if (brings(e)) e.preventDefault(); }, false);
  on('paste', e => {
    if (!root.isConnected || !mine(e) || !e.clipboardData?.files.length || e.target.closest?.('input, textarea, .cm-editor')) return;
    e.preventDefault(); offer(e.clipboardData.files);
  }, false);

  on('pagehide', () => camera.close(), false);

  model.on('msg:custom', hear);
  model.on('comm_live_update', doubt);
  on('focus', () => { if (document.visibilityState === 'visible' && !waiting.size) tell('ping'); }, false);
  tell('ready');
  return () => { model.off('msg:custom', hear); model.off('comm_live_update', doubt); offs.forEach(f => f()); clearInterval(timer); camera.end(); };
}
export default { render };
