"""The HTTP service as people run it: `facefacts serve` in a process of its own, and 16 clients at once.

    python .ci/http_test.py                   100 requests
    python .ci/http_test.py --requests 1000   more of them

Every answer must be there and be equal to what `facefacts predict --format json` prints; memory must stay flat; requests that
cannot be answered must get their status; Ctrl-C must end the service with exit status 0; and nothing of it may name a photo.
"""
import argparse, contextlib, http.client, json, re, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import facefacts

CLIENTS = 16
FLAT = 60 # megabytes that the second half of the requests may add
COMMAND = [sys.executable, '-m', 'facefacts']
sample = Path(facefacts.__file__).parent/'data'/'sample.jpg'

def memory(pid:int) -> float:
    "Megabytes that a process holds; 0 where the system does not say"
    try: return int(re.search(r'VmRSS:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())[1])/1024
    except OSError: return 0

@contextlib.contextmanager
def service(log:Path, *options:str):
    "Run the service on a free port: its process and its port"
    with open(log, 'w') as f: p = subprocess.Popen([*COMMAND, 'serve', '--port', '0', *options], stdout=f, stderr=f, cwd=log.parent)
    try:
        for _ in range(600):
            if ready := re.search(r'ready at http://127\.0\.0\.1:(\d+)/', log.read_text()): break
            assert p.poll() is None, log.read_text()
            time.sleep(.1)
        yield p, int(ready[1])
        p.send_signal(signal.SIGINT)
        assert p.wait(30)==0, p.returncode
    except BaseException:
        print(log.read_text())
        raise
    finally: p.kill()

def post(port:int, body:bytes, kind:str='image/jpeg') -> tuple[int,bytes]:
    "Send a request on a connection of its own: status and answer"
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=120)
    c.request('POST', '/predict', body, {'Content-Type': kind})
    r = c.getresponse()
    try: return r.status, r.read()
    finally: c.close()

def form(name:str, content:bytes) -> tuple[bytes,str]:
    "A form with one file, and its Content-Type"
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return head+content+b'\r\n--edge--\r\n', 'multipart/form-data; boundary=edge'

def load(port:int, pid:int, requests:int, expected:bytes) -> str:
    "Send the same photo many times, and watch memory"
    photo,begin = sample.read_bytes(),time.monotonic()
    body = form('secret-name.jpg', photo)
    def ask(i): return post(port, *body)
    measured = [memory(pid)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for part in range(10):
            for status,answer in pool.map(ask, range(requests//10)):
                assert status==200 and answer.replace(b'secret-name.jpg', b'-')==expected, (status, answer[:300])
            measured.append(memory(pid))
    took,grown = time.monotonic()-begin,measured[-1]-measured[5]
    assert grown<FLAT, f'memory grows: {measured}'
    return (f'{requests} requests, {CLIENTS} at once, {took:.0f} s ({requests/took:.1f} a second); memory {measured[0]:.0f} MB before, '
        f'{measured[5]:.0f} MB after half of them, {measured[-1]:.0f} MB after all, at most {max(measured):.0f} MB between')

def refusals(port:int) -> None:
    "Each wrong request gets its status and one sentence"
    for status,body,kind in ((422, b'I am no photo', 'image/jpeg'), (413, bytes(30_000_000), 'image/jpeg'), (400, b'{', 'application/json'),
        (422, b'P5 9000 9000 255 0', 'image/x-portable-graymap'), (400, b'', 'image/jpeg')):
        got,answer = post(port, body, kind)
        assert got==status and list(json.loads(answer))==['error'], (got, status, answer)

def full(log:Path) -> None:
    "Without room to wait, some of 16 clients at once must come again, and the others get their answer"
    with service(log, '--queue', '0', '--workers', '1') as (p,port), ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for status,_ in pool.map(lambda _: post(port, sample.read_bytes()), range(CLIENTS))]
        assert set(statuses)=={200, 429}, statuses
        assert post(port, sample.read_bytes())[0]==200

if __name__=='__main__':
    options = argparse.ArgumentParser()
    options.add_argument('--requests', type=int, default=100)
    n = options.parse_args().requests
    with open(sample, 'rb') as f:
        expected = subprocess.run([*COMMAND, 'predict', '-', '--format', 'json'], stdin=f, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as d:
        log = Path(d)/'log'
        with service(log) as (p,port):
            said = load(port, p.pid, n, expected)
            refusals(port)
        lines = log.read_text().splitlines()
        assert len(lines)==2 and lines[1]=='facefacts: stopped', lines # and so no name of a photo
        full(Path(d)/'full')
        assert sorted(o.name for o in Path(d).iterdir())==['full', 'log']
    print(said)
