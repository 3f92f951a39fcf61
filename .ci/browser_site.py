"""Look at the built site in headless Chromium: no page asks for what is not there, none is wider than a phone, search answers

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

def look(browser, url, pages, shots):
    bad = []
    for size in (WIDE, NARROW):
        for scheme in ('light', 'dark'):
            page = browser.new_page(viewport=size, color_scheme=scheme); here = ''
            page.on('requestfailed', lambda r: bad.append(f'{here}: could not load {r.url}'))
            page.on('response', lambda r: bad.append(f'{here}: {r.status} for {r.url}') if r.status>=400 and not r.url.endswith('favicon.ico') else None)
            page.on('pageerror', lambda e: bad.append(f'{here}: {e}'))
            for here in pages if scheme=='light' else pages[:1]:
                page.goto(f'{url}/{here}'); page.wait_for_load_state('networkidle')
                over = page.evaluate('document.documentElement.scrollWidth-window.innerWidth')
                if over>1: bad.append(f'{here}: {over} pixels too wide for a window of {size["width"]}')
                if shots: page.screenshot(path=f'{shots}/{Path(here).stem}-{size["width"]}-{scheme}.png')
            page.close()
    return bad

def search(browser, url, words, wants):
    page = browser.new_page(viewport=WIDE); page.goto(f'{url}/index.html')
    box = page.locator('input[type=search]').first
    box.click(); box.press_sequentially(words, delay=20); page.wait_for_timeout(800)
    hits = page.eval_on_selector_all('a', 'l => l.filter(o => o.offsetParent).map(o => o.getAttribute("href"))')
    page.close()
    return [] if any(wants in (o or '') for o in hits) else [f'search for {words!r} does not lead to {wants}']

def main(shots=''):
    docs = get_config().doc_path
    if not (docs/'index.html').exists(): sys.exit('There is no site: build it with  python .ci/docs.py')
    srv = ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=str(docs)))
    threading.Thread(target=srv.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{srv.server_port}'
    pages = ['index.html', *sorted(o.relative_to(docs).as_posix() for o in docs.glob('**/*.html') if o.name!='index.html')]
    with sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=shutil.which('chromium'), args=ARGS)
        bad = look(browser, url, pages, shots) + search(browser, url, 'age_band', 'core.html#age_band')
        browser.close()
    srv.shutdown()
    print('\n'.join(bad) or f'{len(pages)} pages in two widths: ok'); sys.exit(bool(bad))

if __name__=='__main__': main(*sys.argv[1:])
