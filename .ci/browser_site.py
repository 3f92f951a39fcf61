"""Look at the built site in headless Chromium: no page asks for what is not there, none is wider than a phone, search answers and is
readable in light and dark, tables have room and scroll, figures are readable on a dark page, and each page leads to the next and to the source

    python .ci/browser_site.py [FOLDER]     FOLDER: also save pictures of the front page there, wide and narrow, light and dark
"""
import functools, shutil, sys, threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from nbdev.config import get_config
from playwright.sync_api import sync_playwright

# Chromium as root, without its background calls home
ARGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split()
WIDE,NARROW = dict(width=1280, height=900), dict(width=390, height=800)

class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_): pass

LACKS = """() => { // what the page lacks, as sentences
  const all = sel => [...document.querySelectorAll(sel)], lacks = [];
  if (location.pathname.endsWith('404.html')) return lacks;
  if (!all('link[rel=icon]').length) lacks.push('no icon');
  if (!all('.navbar a[href="https://github.com/facefacts/facefacts"]').length) lacks.push('no link to the source');
  if (!all('.page-navigation a').length) lacks.push('no link to the next page');
  for (const t of all('table.dataframe')) {
    const box = t.closest('.cell-output-display'), cell = t.querySelector('td');
    if (parseFloat(getComputedStyle(cell).paddingRight) < 6) lacks.push('a table without room in its cells');
    if (t.scrollWidth > box.clientWidth + 1 && !['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) lacks.push('a wide table that does not scroll');
  }
  for (const i of all('.cell-output img')) { // on a dark page, black letters need a background of their own
    const c = document.createElement('canvas').getContext('2d'); c.canvas.width = i.naturalWidth; c.canvas.height = i.naturalHeight;
    if (!i.naturalWidth) continue;
    c.drawImage(i, 0, 0);
    const d = c.getImageData(0, 0, i.naturalWidth, i.naturalHeight).data; let ink = 0, black = 0;
    for (let k = 0; k < d.length - 12; k += 4) if (d[k+3] > 200 && d[k+11] === 0) { ink++; black += Math.max(d[k], d[k+1], d[k+2]) < 60; } // next to nothing
    if (black > ink*.5) lacks.push('a figure with black letters and no background');
  }
  return lacks;
}"""

def look(browser, url, pages, shots):
    bad = []
    for size in (WIDE, NARROW):
        for scheme in ('light', 'dark'):
            page = browser.new_page(viewport=size, color_scheme=scheme); here = ''
            page.set_default_timeout(120_000) # a check may share its machine
            page.on('requestfailed', lambda r: bad.append(f'{here}: could not load {r.url}') if not r.url.endswith('favicon.svg') else None) # the next page may break that off
            page.on('response', lambda r: bad.append(f'{here}: {r.status} for {r.url}') if r.status>=400 and not r.url.endswith('favicon.ico') else None)
            page.on('pageerror', lambda e: bad.append(f'{here}: {e}'))
            for here in pages if scheme=='light' else pages[:1]:
                page.goto(f'{url}/{here}'); page.wait_for_load_state('networkidle')
                bad += [f'{here}: {lack}' for lack in page.evaluate(LACKS)]
                over = page.evaluate('document.documentElement.scrollWidth-window.innerWidth')
                if over>1: bad.append(f'{here}: {over} pixels too wide for a window of {size["width"]}')
                if shots: page.screenshot(path=f'{shots}/{Path(here).stem}-{size["width"]}-{scheme}.png')
            page.close()
    return bad

READABLE = """() => { // lowest contrast of the letters of what search found
  const numbers = c => c.match(/[\\d.]+/g).map(Number), lum = c => { const [r,g,b] = c.map(v => (v /= 255) <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4); return .2126*r + .7152*g + .0722*b; };
  const under = e => { for (let n = e; n; n = n.parentElement) { const c = numbers(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  return Math.min(...[...document.querySelectorAll('.smalldocs-search-results.show :is(div, mark)')].filter(e => e.offsetParent).map(e => {
    const [a, b] = [lum(under(e)), lum(numbers(getComputedStyle(e).color).slice(0, 3))].sort((x, y) => y - x); return (a+.05)/(b+.05); }));
}"""
WANTED = {'age_band': 'core.html#age_band', 'install': 'index.html#install', 'HEIC': 'images.html', 'interval': 'calibration.html#intervals', 'model card': 'evaluation/model_card.html'}

def search(browser, url, size, scheme):
    "What search does not find, or shows in letters that are hard to read"
    page = browser.new_page(viewport=size, color_scheme=scheme); page.goto(f'{url}/index.html'); bad = []
    if not page.locator('input[type=search]:visible').count(): page.locator('.navbar-toggler').first.click()
    box = page.locator('input[type=search]:visible').first; box.wait_for()
    for words,wants in WANTED.items():
        box.fill(''); box.press_sequentially(words, delay=20); page.wait_for_timeout(800)
        hits = page.eval_on_selector_all('.smalldocs-search-results.show a', 'l => l.filter(o => o.offsetParent).map(o => o.getAttribute("href"))')
        if not any(wants in (o or '') for o in hits): bad.append(f'search for {words!r} does not lead to {wants}, but to {hits[:5]}')
        if (c := page.evaluate(READABLE))<4.5: bad.append(f'search for {words!r}, {size["width"]} pixels, {scheme}: a contrast of {c:.1f}')
    page.close()
    return bad

def main(shots=''):
    docs = get_config().doc_path
    if not (docs/'index.html').exists(): sys.exit('There is no site: build it with  python .ci/docs.py')
    srv = ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=str(docs)))
    threading.Thread(target=srv.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{srv.server_port}'
    moved = lambda o: 'http-equiv="refresh"' in o.read_text(encoding='utf-8') # docs.py --check knows where these lead
    pages = ['index.html', *sorted(o.relative_to(docs).as_posix() for o in docs.glob('**/*.html') if o.name!='index.html' and not moved(o))]
    with sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=shutil.which('chromium'), args=ARGS)
        bad = look(browser, url, pages, shots)
        for size in (WIDE, NARROW):
            for scheme in ('light', 'dark'): bad += search(browser, url, size, scheme)
        browser.close()
    srv.shutdown()
    print('\n'.join(bad) or f'{len(pages)} pages in two widths: ok'); sys.exit(bool(bad))

if __name__=='__main__': main(*sys.argv[1:])
