"""How dense is the code? Per 100 lines of code: long lines, comprehensions, lambdas, semicolons. Fails above the limits

    python .ci/density.py           the whole package
    python .ci/density.py --list    every long line, too
"""
import ast, io, sys, tokenize
from pathlib import Path

LIMITS = dict(long=.9, comprehensions=4., lambdas=.7, semicolons=.2) # per 100 lines
LONG = 140 # characters
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

def count(path):
    "Lines of code, and what is counted in them"
    text = path.read_text(encoding='utf-8')
    tree = ast.parse(text)
    lines = [l for l in text.splitlines() if l.strip() and not l.lstrip().startswith('#')]
    found = dict(lines=len(lines), long=sum(len(l)>LONG for l in lines), comprehensions=0, lambdas=0, semicolons=0)
    for node in ast.walk(tree):
        found['comprehensions'] += isinstance(node, COMPREHENSIONS)
        found['lambdas'] += isinstance(node, ast.Lambda)
    for token in tokenize.generate_tokens(io.StringIO(text).readline): found['semicolons'] += token.type==tokenize.OP and token.string==';'
    return found

here = Path(__file__).resolve().parent.parent/'facefacts'
files = [f for f in sorted(here.rglob('*.py')) if f.name not in ('_modidx.py', 'all.py')]
total = dict.fromkeys(('lines', *LIMITS), 0)
for f in files:
    for k,v in count(f).items(): total[k] += v
    if '--list' in sys.argv:
        for i,l in enumerate(f.read_text(encoding='utf-8').splitlines(), 1):
            if len(l)>LONG and not l.lstrip().startswith('#'): print(f'{f.relative_to(here)}:{i}: {len(l)}')
rates = {k: total[k]*100/total['lines'] for k in LIMITS}
print(f"{len(files)} modules, {total['lines']} lines; per 100 lines: "+', '.join(f'{v:.2f} {k} (at most {LIMITS[k]})' for k,v in rates.items()))
sys.exit(any(v>LIMITS[k] for k,v in rates.items()))
