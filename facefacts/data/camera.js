// The panel's camera: asked for after a click, shown live, switched off with the picture. Nothing is recorded.
// `panel.js` follows in the same module.
const FIRST_FRAME = 10000; // milliseconds to wait for the first picture
const WISH = { audio: false, video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } } };
const BLOCKED = 'The camera is blocked for this page. Allow it in the browser (usually at the icon next to the address), then press “Take a photo” again. Or upload a photo.';
const MISSING = 'No camera was found. Connect one and press “Take a photo” again, or upload a photo.';
const BUSY = 'The camera could not be started: another program may be using it. Close that program and press “Take a photo” again, or upload a photo.';
const INSECURE = 'Browsers allow the camera only on secure pages: open this page with https, or on the computer that it runs on (localhost). Or upload a photo.';
const LACKING = 'This browser offers no camera to the page. Try another browser, or upload a photo.';
const SILENT = 'The camera sends no picture: it may be covered by a switch, or another program may be using it. Check it and press “Take a photo” again, or upload a photo.';
const LOST = 'The camera was switched off or disconnected. Press “Take a photo” to start it again, or upload a photo.';
const REASONS = { NotAllowedError: BLOCKED, SecurityError: BLOCKED, NotFoundError: MISSING, OverconstrainedError: MISSING, NotReadableError: BUSY, AbortError: BUSY };
const VIEW = `<div class="ff-view" role="group" aria-label="Camera"><video muted playsinline autoplay aria-label="Live picture of the camera"></video>
  <p class="ff-quiet" role="status">Waiting for the camera: the browser may ask whether this page may use it.</p>
  <div class="ff-bar"><button class="ff-primary" disabled>Capture</button><button>Cancel</button></div></div>`;

function stop(stream) { for (const t of stream?.getTracks() || []) t.stop(); }

// `box` is the camera's element, `opener()` the button that has opened it, `take(file)` receives the picture
function makeCamera(box, opener, take) {
  let turn = 0, opened = false, stream = null, timer = 0;
  const gone = new ResizeObserver(() => { if (opened && !box.getClientRects().length) close(); }); // removed, or in a hidden tab or view
  gone.observe(box);

  // Switch off at once; `why` is a sentence if something went wrong
  function close(why = '') {
    const had = box.contains(document.activeElement);
    turn++; opened = false;
    clearTimeout(timer); stop(stream); stream = null;
    box.innerHTML = why && '<p class="ff-error" role="alert"></p>';
    if (why) box.firstChild.textContent = why;
    if (had) opener()?.focus({ preventScroll: true });
  }
  async function open() {
    if (opened) return box.querySelector('button:enabled').focus();
    close();
    const mine = turn;
    opened = true;
    box.innerHTML = VIEW;
    const [shutter, cancel] = box.querySelectorAll('button');
    shutter.addEventListener('click', capture);
    cancel.addEventListener('click', () => close());
    cancel.focus();
    if (!navigator.mediaDevices?.getUserMedia) return close(window.isSecureContext ? LACKING : INSECURE);
    let got;
    try { got = await navigator.mediaDevices.getUserMedia(WISH); }
    catch (e) { if (mine === turn) close(REASONS[e.name] || `The camera could not be started (${e.name}). Upload a photo instead.`); return; }
    if (mine !== turn) return stop(got); // cancelled before the browser answered
    stream = got;
    show(box.querySelector('video'), mine);
  }
  function show(video, mine) {
    const track = stream.getVideoTracks()[0];
    track.addEventListener('ended', () => { if (mine === turn) close(LOST); });
    timer = setTimeout(() => close(SILENT), FIRST_FRAME);
    video.addEventListener('loadeddata', () => { if (mine === turn) ready(); }, { once: true });
    video.muted = true;
    video.classList.toggle('ff-mirror', track.getSettings().facingMode !== 'environment'); // as in a mirror, unless it looks away
    video.srcObject = stream;
    video.play().catch(() => {}); // if it does not play, no picture comes, and the timer says so
  }
  function ready() {
    clearTimeout(timer);
    const shutter = box.querySelector('button');
    shutter.disabled = false;
    if (box.contains(document.activeElement)) shutter.focus();
    box.querySelector('p').textContent = 'The camera is on until you press Capture or Cancel. Only the captured picture is used.';
    box.scrollIntoView({ block: 'nearest' });
  }
  function capture() {
    const video = box.querySelector('video'), still = document.createElement('canvas');
    still.width = video.videoWidth; still.height = video.videoHeight;
    still.getContext('2d').drawImage(video, 0, 0);
    close();
    const mine = turn;
    still.toBlob(blob => {
      if (mine !== turn) return; // something else was chosen meanwhile
      if (blob) take(new File([blob], 'camera.jpg', { type: 'image/jpeg' })); else close(SILENT);
    }, 'image/jpeg', .92);
  }
  box.addEventListener('keydown', e => { if (e.key === 'Escape' && opened) { e.stopPropagation(); close(); } });
  return { open, close, end() { close(); gone.disconnect(); } };
}

