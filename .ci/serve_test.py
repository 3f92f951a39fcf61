"""A service as people run it: process pools that fork and spawn, joblib, and gunicorn with two preloaded workers.

Nothing may hang: each part has a time limit, and all of them together take less than a minute.
"""
import contextlib, faulthandler, json, multiprocessing, os, signal, socket, subprocess, sys, tempfile, time, urllib.error, urllib.request
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import facefacts
from facefacts.all import *

sample = Path(facefacts.__file__).parent/'data'/'sample.jpg'
APP = """
import json
from facefacts.all import *
ff = FaceFacts(threads=1)
ff({sample!r}) # in the parent: detectors and networks are there before the workers fork
def app(environ, start_response):
    data = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    try: status,answer = '200 OK',[f.to_dict() for f in ff.all(data)]
    except FaceFactsError as e: status,answer = '422 Unprocessable Content',dict(error=str(e))
    start_response(status, [('Content-Type', 'application/json'), ('Connection', 'close')])
    import os
    return [json.dumps(dict(worker=os.getpid(), answer=answer)).encode()]
"""

def age(ff:FaceFacts) -> float: return ff(sample).age

def only_exits() -> None:
    "A child that touches nothing of ours"

def pools(ff:FaceFacts, expected:float) -> None:
    "Predict in pools of two processes, however they start"
    for method in {'fork', 'spawn'} & set(multiprocessing.get_all_start_methods()):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, context) as pool:
            assert list(pool.map(age, [ff]*4, timeout=50))==[expected]*4, method
        print(f'{method}: 4 answers from 2 processes')

def children(ff:FaceFacts) -> None:
    "End children that never predict: as multiprocessing ends them, and as a program ends"
    child = multiprocessing.get_context('fork').Process(target=only_exits)
    child.start()
    child.join(20)
    assert child.exitcode==0, child.exitcode
    pid = os.fork()
    if not pid:
        faulthandler.dump_traceback_later(20, exit=True)
        sys.exit(0)
    assert os.waitpid(pid, 0)[1]==0
    print('children that only exit: both ended')

def with_joblib(ff:FaceFacts, expected:float) -> None:
    "Predict in joblib's processes, where it is installed"
    try: import joblib
    except ImportError: print('joblib is not installed: skipped'); return
    assert joblib.Parallel(2, timeout=50)(joblib.delayed(age)(ff) for _ in range(2))==[expected]*2
    print('joblib: 2 answers')

def post(port:int, data:bytes) -> tuple[int,dict]:
    "Send `data` to the service: status and answer"
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/', data=data, timeout=20) as r: return r.status, json.load(r)
    except urllib.error.HTTPError as e: return e.code, json.load(e)

@contextlib.contextmanager
def gunicorn(folder:Path):
    "Run gunicorn with two preloaded workers, and yield its port"
    (folder/'service.py').write_text(APP.format(sample=str(sample)))
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    command = [sys.executable, '-m', 'gunicorn', '--preload', '-w', '2', '-t', '30', '-b', f'127.0.0.1:{port}', '--graceful-timeout', '5', 'service:app']
    with open(folder/'log', 'w') as log: server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield port
        server.send_signal(signal.SIGTERM)
        assert server.wait(20)==0, server.returncode
    except BaseException:
        print((folder/'log').read_text())
        raise
    finally: server.kill()

def web(expected:float) -> None:
    "Ask gunicorn until both workers have answered"
    with tempfile.TemporaryDirectory() as d, gunicorn(Path(d)) as port:
        for _ in range(150): # until it listens
            with socket.socket() as s:
                if not s.connect_ex(('127.0.0.1', port)): break
            time.sleep(.2)
        workers,photo = set(),sample.read_bytes()
        for _ in range(40):
            status,answer = post(port, photo)
            assert status==200 and abs(answer['answer'][0]['age']-expected)<.1, answer
            workers.add(answer['worker'])
            if len(workers)==2: break
        assert len(workers)==2, 'only one worker answered'
        assert post(port, b'no photo')[0]==422
    print('gunicorn --preload: both workers answered, and it stopped when asked')

if __name__=='__main__':
    begin = time.monotonic()
    ff = FaceFacts(threads=2)
    expected = age(ff)
    if hasattr(os, 'fork'): children(ff)
    pools(ff, expected)
    with_joblib(ff, expected)
    if os.name=='posix': web(expected)
    assert age(ff)==expected # the parent goes on as before
    print(f'pools, joblib and gunicorn answered, {time.monotonic()-begin:.0f} s')
