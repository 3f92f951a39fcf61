"""Build the docs site in _docs without Quarto, and check it

    python .ci/docs.py            build: nbdev's own processors, then smalldocs on the same nbs/_quarto.yml
    python .ci/docs.py --check    every page there, links and anchors resolve, figures and signatures present, search knows each page

Whoever has Quarto uses `nbdev_docs`, which reads the same files.
"""
import json, re, shutil, subprocess, sys
from html.parser import HTMLParser
from pathlib import Path
import yaml
import nbdev.doclinks, nbdev.quarto
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.frontmatter import _nbpath2html
from nbdev.serve import proc_nbs

MOVED = dict( # pages of version 0.3 and before -> where they are now
    decode='calibration', windows='affine', rows='writers', insight='plots', views='panel/html', closer='panel/cards',
    shots='panel/session', panel='panel/widget', app='panel/app', twins='training/duplicates', store='training/crops',
    utkface='training/utkface', imbalance='training/imbalance', models='training/models', augment='training/augment',
    teacher='training/teacher', recipes='training/recipes', opinions='training/soft_labels', chimeras='training/synthetic',
    training='training/fit', evaluation='evaluation/report', groups='evaluation/fairness', card='evaluation/model_card')

STATE,VIEW = 'application/vnd.jupyter.widget-state+json','application/vnd.jupyter.widget-view+json'

def page_of(fn, nbs):
    "Address of the page of notebook `fn`: the numbers that order the notebooks are not in it"
    return _nbpath2html(fn.relative_to(nbs)).as_posix()

FOLDED = 'tutorials', 'explanations' # folders of pages to read, where imports are folded

def unlinked(md):
    "Markdown whose code blocks hold names instead of links to them: nothing renders a link there"
    return re.sub(r'^```.*?^```', lambda block: re.sub(r'\[(`[^`\n]+`)\]\(https?:[^)\s]*\)', r'\1', block[0]), md, flags=re.S|re.M)

def tidy(nb, folded):
    "Prepare the cells of a processed notebook for their page"
    for c in nb['cells']:
        if c['cell_type']!='code': continue
        c['outputs'] = [o for o in c.get('outputs', []) if VIEW not in o.get('data', {})] # a live widget has no page to live on: its picture stands in for it
        for o in c['outputs']:
            if 'text/markdown' in o.get('data', {}): o['data']['text/markdown'] = unlinked(''.join(o['data']['text/markdown']))
        lines = ''.join(c['source']).splitlines()
        if folded and lines and all(re.match(r'(import|from)\s', l) for l in lines): c['source'] = '\n'.join(['#| code-fold: true', '#| code-summary: Imports', *lines])

def rename(proc):
    "Give each processed notebook the name of its page; smalldocs does not read `output-file`"
    ren = {}
    for f in proc.glob('**/*.ipynb'):
        nb = json.loads(f.read_text(encoding='utf-8'))
        c0 = nb['cells'][0]; src = ''.join(c0['source'])
        if (m := re.search(r'^output-file:\s*(\S+)\n', src, re.M)):
            new = f.with_name(Path(m[1]).stem+'.ipynb'); c0['source'] = src.replace(m[0], '')
        else: new = f
        tidy(nb, f.relative_to(proc).parts[0] in FOLDED)
        f.unlink(); new.write_text(json.dumps(nb), encoding='utf-8')
        ren[f.relative_to(proc).as_posix()] = new.relative_to(proc).as_posix()
    sb = proc/'sidebar.yml'; s = sb.read_text(encoding='utf-8')
    for a,b in ren.items(): s = re.sub(rf'(?<![\w/]){re.escape(a)}', b, s)
    sb.write_text(s, encoding='utf-8')

def offline(docs, site):
    "Make links to the site itself relative, and leave out fonts from elsewhere, so that the folder reads well anywhere"
    for f in docs.glob('**/*.html'):
        up = '../'*len(f.relative_to(docs).parent.parts)
        s = f.read_text(encoding='utf-8')
        f.write_text(re.sub(rf'(<a\b[^>]*\bhref="){re.escape(site)}/', rf'\1{up}', s), encoding='utf-8')
    for f in docs.glob('site_libs/**/*.css'):
        s = f.read_text(encoding='utf-8')
        f.write_text(re.sub(r'@import\s*url\(["\']?https?:[^)]*\);?', '', s), encoding='utf-8')

def exact(docs):
    "Let search answer with the words that were typed: by default `HEIC` also finds `synthetic`, and that first"
    f = docs/'site_libs'/'smalldocs.js'
    s, n = re.subn(r'threshold: 0\.3', 'threshold: 0.2', f.read_text(encoding='utf-8'))
    if n!=1: sys.exit('smalldocs.js has no search threshold of 0.3: look how its search works now')
    f.write_text(s, encoding='utf-8')

def redirect(docs):
    "Let the addresses of older versions lead to the pages of today"
    for old,new in MOVED.items():
        (docs/f'{old}.html').write_text(f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Moved</title>'
            f'<meta http-equiv="refresh" content="0; url={new}.html"><link rel="canonical" href="{new}.html"></head>'
            f'<body>This page is now <a href="{new}.html">{new}.html</a>.</body></html>\n', encoding='utf-8')

LOST = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>No such page - facefacts</title></head><body style="font:17px/1.6 system-ui,sans-serif;max-width:36em;margin:12vh auto;padding:0 20px">
<h1>No such page</h1><p>This address leads to no page of facefacts. Perhaps the page has moved: start from the <a href="{site}/index.html">front page</a>, whose search knows every page, or from the
<a href="{site}/tutorials/quick_tour.html">quick tour</a>.</p></body></html>
"""

def build():
    cfg = get_config()
    nbdev.quarto.refresh_quarto_yml(); nbdev.doclinks._build_modidx()
    proc = proc_nbs(force=True)
    rename(proc)
    subprocess.run([sys.executable, '-m', 'smalldocs.cli', 'render', '--strict', str(proc)], check=True)
    shutil.rmtree(cfg.doc_path, ignore_errors=True); shutil.move(proc/cfg.doc_path.name, cfg.doc_path)
    offline(cfg.doc_path, cfg.doc_host+cfg.doc_baseurl)
    exact(cfg.doc_path)
    redirect(cfg.doc_path)
    (cfg.doc_path/'404.html').write_text(LOST.format(site=cfg.doc_host+cfg.doc_baseurl), encoding='utf-8') # full addresses: it is shown at any depth

class Page(HTMLParser):
    "What a page offers (ids) and asks for (links, sources), and its text"
    def __init__(self, fn):
        super().__init__(); self.ids,self.links,self.srcs,self.text = set(),[],[],[]
        self.html = fn.read_text(encoding='utf-8'); self.feed(self.html); self.text = ' '.join(self.text)
    def handle_starttag(self, tag, attrs):
        d = dict(attrs)
        if d.get('id'): self.ids.add(d['id'])
        if tag=='a' and d.get('href'): self.links.append(d['href'])
        if tag in ('img','script') and d.get('src'): self.srcs.append((tag, d['src']))
        if tag=='link' and d.get('rel')=='stylesheet': self.srcs.append((tag, d['href']))
    def handle_data(self, data): self.text.append(data)

def check_links(docs, pages):
    "Links of `pages` that lead nowhere, and anything loaded from elsewhere"
    for fn,p in pages.items():
        for o in p.links+[s for _,s in p.srcs]:
            if o.startswith(('http:','https:','mailto:','data:','javascript:')): continue
            path,_,anchor = o.partition('#'); path = path.partition('?')[0]
            to = (fn.parent/path).resolve() if path else fn
            if to.is_dir(): to /= 'index.html'
            if not to.exists(): yield f'{fn.name}: link to {o}: no such file'
            elif anchor and to in pages and anchor not in pages[to].ids: yield f'{fn.name}: link to {o}: no such place on the page'
        yield from (f'{fn.name}: loads {o} from elsewhere' for _,o in p.srcs if o.startswith(('http:','https:','//')))

def check_notebook(name, nb, page):
    "What of the processed notebook `nb` is not on its `page`"
    outs = [(c,o) for c in nb['cells'] if c['cell_type']=='code' for o in c.get('outputs', [])]
    figures = sum(any(k.startswith('image/') for k in o.get('data', {})) for _,o in outs)
    shown = sum(t=='img' for t,_ in page.srcs)+page.html.count('<svg')
    if shown<figures: yield f'{name}: {figures} figures in the notebook, {shown} on the page'
    for c in nb['cells']:
        m = re.search(r'^show_doc\(([\w.]+)', ''.join(c['source']), re.M) if c['cell_type']=='code' else None
        if not m: continue
        md = ''.join(o for x in c.get('outputs', []) for o in x.get('data', {}).get('text/markdown', ''))
        if not md: yield f'{name}: nothing is said about {m[1]}'
        if re.search(r'\]\(https?:', md.partition('```python')[2].partition('```')[0]): yield f'{name}: a raw link in the signature of {m[1]}'
        for cm in re.findall(r'\s# (.+)$', md.partition('```python')[2].partition('```')[0], re.M):
            if re.sub(r'\s', '', cm) not in re.sub(r'\s', '', page.text): yield f'{name}: docment of {m[1]} is not shown: {cm}'

def check():
    cfg = get_config(); docs,proc = cfg.doc_path.resolve(),cfg.config_path/'_proc'
    if not (docs/'search.json').exists(): sys.exit('There is no site: build it with  python .ci/docs.py')
    pages = {f: Page(f) for f in sorted(docs.glob('**/*.html'))}
    bad = list(check_links(docs, pages))
    bad += [f'{o}: not there' for o in ('404.html', 'images/favicon.svg') if not (docs/o).exists()]
    found = {o['href'].partition('#')[0] for o in json.loads((docs/'search.json').read_text(encoding='utf-8'))}
    def entries(o):
        if isinstance(o, str): return [o] if o.endswith('.ipynb') else []
        vals = o.values() if isinstance(o, dict) else o
        return [x for v in vals for x in entries(v)]
    nbs = [Path(f) for f in nbglob(as_path=True)]
    listed = entries(yaml.safe_load((cfg.nbs_path/'sidebar.yml').read_text(encoding='utf-8')))
    there = {f.relative_to(cfg.nbs_path).as_posix() for f in nbs}
    bad += [f'sidebar.yml lacks {o}' for o in sorted(there-set(listed))]+[f'sidebar.yml lists {o}, which is not there' for o in sorted(set(listed)-there)]
    for f in nbs:
        name = page_of(f, cfg.nbs_path)
        if docs/name not in pages: bad.append(f'{name}: no such page'); continue
        if name not in found: bad.append(f'{name}: search does not know it')
        bad += check_notebook(name, json.loads((proc/name).with_suffix('.ipynb').read_text(encoding='utf-8')), pages[docs/name])
        bad += [f'{name}: a path of this machine: {o}' for o in set(re.findall(r'(?<![\w./])/(?:work|root|home(?!/(?:user|me)/)|tmp)/[\w./-]+', pages[docs/name].text))]
    print('\n'.join(bad) or f'{len(pages)} pages, {sum(len(p.links) for p in pages.values())} links: ok')
    sys.exit(bool(bad))

if __name__=='__main__': check() if '--check' in sys.argv else build()
