"""Fail unless a program that uses the public face passes a type checker, and what classes declare is what they have

facefacts adds methods to a class one by one, with the prose between them. Checkers do not see such methods: the class
declares them once more under `if TYPE_CHECKING`. This compares the two, and lets mypy read a user's program.
"""
import ast, importlib, inspect, os, subprocess, sys, tempfile
from pathlib import Path

here = Path(__file__).resolve().parent.parent
PROGRAM = '''
from pathlib import Path
from facefacts.all import *
from facefacts.training.all import *

ff = FaceFacts('joint', threads=1)
photo = read_photo('photo.jpg', max_side=2000)
facts = ff(photo)
low, high = facts.age_interval
years: list[float] = [facts.age, low, high, facts.face.width, facts.face.area]
probs: list[float] = [facts.gender_prob, facts.female_prob, facts.race_prob, facts.race_probs['White']]
words: list[str] = [facts.gender, facts.race, facts.method, facts.file, age_band(facts.age), *facts.warnings]
plain: dict = facts.to_dict()
group: list[Facts] = ff.all(Path('group.jpg'))
other: Facts = ff(b'', face=Face(0, 0, 10, 10).scaled(2))
table = ff.table(['a.jpg', Path('folder')], faces='one', progress=False, batch=8)
table.to_parquet('facts.parquet')
for r in ff.stream(Path('folder'), workers=4): print(r['age'])
sizes: set[int] = ff.sizes
found: list[Face] = find_faces(photo.pixels)
crop = align(photo.pixels, found[0], 128)
print(crop.shape, load_net('age').tasks, FaceFacts(weights=pull_weights('owner/name')))
print(annotate(photo, facts), in_depth(facts), where_it_looked(ff, facts), JointModel())
clip: VideoFacts = ff.video('clip.mp4', rate=2, annotate=Path('drawn.mp4'))
spans: list[float] = [t.last-t.first+t.age for t in clip.tracks]
for look in ff.watch('clip.mp4', every=5): print(look.seconds, look.rows())
panel = FaceFactsPanel(max_files=3)
panel.load('photo.jpg')
html: str = panel.snapshot()
df = read_utkface('UTKFace.zip')
try: ff('none.jpg')
except (UnreadableImage, NoFaceFound) as e: print(e)
'''
WRONG = {"FaceFacts().al('x')": 'has no attribute "al"', "FaceFacts()('x').age+'y'": 'operand types', "FaceFacts(3)": 'incompatible type "int"'} # these it must find

def declared(path):
    "Yield class, function of each method that is declared for checkers in the file at `path`"
    for c in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(c, ast.ClassDef):
            for i in c.body:
                if isinstance(i, ast.If) and getattr(i.test, 'id', '')=='TYPE_CHECKING': yield from ((c.name, f) for f in i.body if isinstance(f, ast.FunctionDef))

bad, n = [], 0
sys.path.insert(0, str(here))
importlib.import_module('facefacts.all') # so that methods which other modules add are there
for path in sorted((here/'facefacts').rglob('*.py')):
    for cls,f in declared(path):
        n += 1
        real = inspect.signature(getattr(getattr(importlib.import_module('.'.join(path.relative_to(here).with_suffix('').parts)), cls), f.name))
        real = [(p.name, p.default if p.default is not p.empty else '-') for p in real.parameters.values()]
        a = f.args
        said = {o.arg: '-' for o in [*a.args, a.vararg, *a.kwonlyargs, a.kwarg] if o}
        for o,d in [*zip(a.args[len(a.args)-len(a.defaults):], a.defaults), *zip(a.kwonlyargs, a.kw_defaults)]:
            if d is not None: said[o.arg] = ast.literal_eval(d)
        said = list(said.items())
        if said!=real: bad.append(f'{path.name}: {cls}.{f.name} is declared with {said}, but has {real}')

with tempfile.TemporaryDirectory() as d:
    user = Path(d)/'user.py'
    user.write_text(PROGRAM+''.join(f'{w}\n' for w in WRONG), encoding='utf-8')
    p = subprocess.run([sys.executable, '-m', 'mypy', '--python-executable', sys.executable, '--follow-imports=silent', '--ignore-missing-imports', '--no-error-summary',
        '--cache-dir', str(Path(d)/'cache'), str(user)], capture_output=True, text=True, env=os.environ|dict(MYPYPATH=str(here)), cwd=d)
    if p.returncode not in (0, 1): sys.exit(p.stdout+p.stderr)
    errors = [l for l in p.stdout.splitlines() if ': error: ' in l]
    first = len(PROGRAM.splitlines())
    for i,why in enumerate(WRONG.values(), first+1):
        if not any(l.startswith(f'user.py:{i}:') and why in l for l in errors): bad.append(f'the checker does not see that line {i} is wrong ({why})')
    bad += [l for l in errors if not any(l.startswith(f'user.py:{i}:') for i in range(first+1, first+len(WRONG)+1))]
print('\n'.join(bad) or f'a user\'s program of {len(PROGRAM.splitlines())} lines passes, {n} methods are declared as they are')
sys.exit(bool(bad))
