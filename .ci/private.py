"""Nothing is sent, and nothing is written outside the temporary folder and the output.

Runs `predict`, the panel's class, `facefacts app` (with a visitor) and `facefacts serve` (with a photo) under strace with an empty home folder, each for
longer than ONNX Runtime and MediaPipe wait before they send metrics: ONNX Runtime looks its host up 5 to 10 seconds
after the first network is loaded, MediaPipe 60 seconds after a detector starts. Any connection to another machine, any
look-up of a name, and any file in an unexpected place is a failure.

    python .ci/private.py             the check
    python .ci/private.py --telling   the same with ONNX Runtime's metrics on: must fail, or the check is worth nothing
"""
import contextlib, os, re, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path
import facefacts

WAIT = 80 # seconds
CALLS = 'connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat'
OWN = { # below the home folder, and why
    '.cache/matplotlib': "matplotlib's list of fonts",
    '.config/matplotlib': "matplotlib's settings, an empty folder",
    '.ipython': "the notebook kernel's profile, without a history of what was typed",
    '.local/share/jupyter': "Jupyter's own folders, and the secret that signs notebooks",
    '.jupyter': "Jupyter's settings"}
PREDICT = "from facefacts.cli import main; import sys, time; sys.exit(main(['predict', {sample!r}, '--format', 'csv', '--out', 'facts.csv']) or time.sleep({wait}))"
PANEL = 'from facefacts.all import *; import time; p = FaceFactsPanel(); p.load({sample!r}); time.sleep({wait})'
APP = "from facefacts.cli import main; import sys; sys.exit(main(['app', '--port', '{port}']))"
SERVE = "from facefacts.cli import main; import sys; sys.exit(main(['serve', '--port', '{other}']))"

def start(name:str, code:str, top:Path, telling:bool) -> subprocess.Popen:
    "Run Python `code` under strace, with folders of its own"
    home,tmp,out = (top/name/o for o in ('home', 'tmp', 'out'))
    for o in (home, tmp, out): o.mkdir(parents=True)
    env = {k: v for k,v in os.environ.items() if not k.startswith(('XDG_', 'MPL', 'IPYTHON', 'JUPYTER', 'ORT_', 'HF_'))}
    env |= dict(HOME=str(home), TMPDIR=str(tmp), PYTHONDONTWRITEBYTECODE='1')
    if telling: env['ORT_DISABLE_TELEMETRY'] = '0'
    command = ['strace', '-f', '-qq', '-s', '300', '-e', f'trace={CALLS}', '-o', str(top/name/'trace'), sys.executable, '-c', code]
    with open(top/name/'said', 'w') as said:
        return subprocess.Popen(command, cwd=out, env=env, stdout=said, stderr=said, start_new_session=True)

def talks(line:str) -> bool:
    "Does this system call reach for another machine?"
    if 'sa_family=AF_INET' not in line: return False
    return not re.search(r'inet_addr\("127\.|inet_pton\(AF_INET6, "(::1|::ffff:127\.[0-9.]+)"', line)

def writes(line:str) -> str|None:
    "The path that this system call makes or opens for writing, if it succeeded"
    if re.search(r'= -1 E', line): return None
    if re.search(r'\bopen(at)?\(', line) and not re.search(r'O_WRONLY|O_RDWR|O_CREAT', line): return None
    if not (found := re.search(r'(open|openat|creat|mkdir|mkdirat|rename\w*|link\w*|symlink\w*)\(.*?"([^"]*)"', line)): return None
    return found[2] if found[2].startswith('/') else None # a relative one is in the output folder

def findings(name:str, top:Path) -> list[str]:
    "What one program did that it should not"
    here,wrong = top/name,[]
    trace = (here/'trace').read_text(errors='replace').splitlines()
    assert len(trace)>500, f'{name}: strace saw only {len(trace)} calls\n'+(here/'said').read_text()
    wrong += [f'{name}: reaches for another machine: {line[:200]}' for line in trace if talks(line)]
    fine = (str(here), '/dev/', '/proc/', '/sys/', '/tmp/voila_') # the last: sockets, whose path must be short
    wrong += sorted({f'{name}: writes {p}' for line in trace if (p := writes(line)) and not p.startswith(fine) and p!='/dev'})
    for f in sorted((here/'home').rglob('*')):
        below = str(f.relative_to(here/'home'))
        if not any(below==o or below.startswith(o+'/') or o.startswith(below+'/') for o in OWN): wrong.append(f'{name}: leaves ~/{below}')
    return wrong

def visit(port:int) -> None:
    "Open the page, as a browser begins to"
    end = time.monotonic()+300 # under strace, and next to two others, a server starts slowly
    while time.monotonic()<end:
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=60) as r: page = r.read()
            assert b'Face Facts' in page, page[:500]
            return
        except (OSError, ConnectionError): time.sleep(1)
    raise TimeoutError('the page did not open')

def post(port:int, photo:Path) -> None:
    "Send a photo to the service, as soon as it listens"
    end = time.monotonic()+300
    while time.monotonic()<end:
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/predict', photo.read_bytes(), timeout=60) as r:
                assert b'"gender": "Female"' in r.read()
            return
        except (OSError, ConnectionError): time.sleep(1)
    raise TimeoutError('the service did not answer')

def free_ports(n:int) -> list[int]:
    "Ports that nothing listens on"
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets: s.bind(('127.0.0.1', 0))
        return [s.getsockname()[1] for s in sockets]

def main(telling:bool) -> int:
    if not shutil.which('strace') or subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], capture_output=True).returncode:
        print('skipped: strace is missing or may not trace here')
        return 0
    sample = str(Path(facefacts.__file__).parent/'data'/'sample.jpg')
    port,other = free_ports(2)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as d:
        top = Path(d)
        programs = dict(predict=PREDICT, panel=PANEL, app=APP, serve=SERVE)
        codes = {k: v.format(sample=sample, wait=WAIT, port=port, other=other) for k,v in programs.items()}
        running = {k: start(k, v, top, telling) for k,v in codes.items()}
        try:
            try: visit(port)
            except TimeoutError as e: raise SystemExit(f"{e}:\n{(top/'app'/'said').read_text()[-3000:]}") from None
            try: post(other, Path(sample))
            except TimeoutError as e: raise SystemExit(f"{e}:\n{(top/'serve'/'said').read_text()[-3000:]}") from None
            time.sleep(WAIT)
            for name in ('app', 'serve'): os.killpg(running[name].pid, signal.SIGINT)
            for name,p in running.items():
                rc = p.wait(120)
                assert name=='app' or rc==0, f'{name} ended with {rc}\n'+(top/name/'said').read_text()
        finally:
            for p in running.values():
                if p.poll() is None: os.killpg(p.pid, signal.SIGKILL)
        assert (top/'predict'/'out'/'facts.csv').read_text().count('\n')==2
        wrong = [w for name in codes for w in findings(name, top)]
        calls = sum(len((top/name/'trace').read_text(errors='replace').splitlines()) for name in codes)
    print(*wrong[:40], sep='\n')
    print(f'predict, panel, app and serve: {calls} system calls in {WAIT} s and more, {len(wrong)} of them to another machine or to an unexpected place')
    return int(bool(wrong))

if __name__=='__main__': sys.exit(main('--telling' in sys.argv))
