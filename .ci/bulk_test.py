"""FactsOf in Ray Data and in Spark, both in local mode: every photo has its rows, though five are broken and a worker dies.

    python .ci/bulk_test.py           both engines, 2,000 photos; needs ray[data], pyspark, and Java for Spark
    python .ci/bulk_test.py ray 60    one of them, with 60 photos
"""
import io, os, random, shutil, sys, tempfile, time, zipfile
from pathlib import Path
from PIL import Image
import pyarrow as pa
import pyarrow.parquet as pq
import facefacts
from facefacts.bulk import SCHEMA, FactsOf, iter_images

os.environ |= dict(RAY_USAGE_STATS_ENABLED='0', RAY_BACKEND_LOG_LEVEL='fatal', RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO='0')
here = Path(__file__).resolve().parent.parent
UTKFACE = here.parent/'shared'/'data'/'UTKFace.zip'
numbers = [int(o) for o in sys.argv[1:] if o.isdecimal()]
PHOTOS = numbers[0] if numbers else 2000 if UTKFACE.exists() else 200
BROKEN,BATCH = 5,max(5, PHOTOS//40)

def make_photos(folder:Path) -> str:
    "Write the photos, the last ones broken, and say what they are"
    folder.mkdir()
    n = PHOTOS-BROKEN
    if UTKFACE.exists():
        with zipfile.ZipFile(UTKFACE) as z:
            names = sorted(o for o in z.namelist() if o.endswith('.jpg'))
            for i,o in enumerate(random.Random(0).sample(names, n)): (folder/f'{i:04}.jpg').write_bytes(z.read(o))
    else:
        face = Image.open(Path(facefacts.__file__).parent/'data'/'sample.jpg').crop((128, 24, 320, 216))
        rng = random.Random(0)
        for i in range(n):
            scene = Image.new('RGB', (320, 240), tuple(rng.randrange(256) for _ in range(3)))
            scene.paste(face, (rng.randrange(128), rng.randrange(48)))
            scene.save(folder/f'{i:04}.jpg')
    whole = (folder/'0000.jpg').read_bytes()
    gif = io.BytesIO()
    Image.new('L', (3, 3)).save(gif, 'gif')
    broken = [b'', b'not a picture', whole[:len(whole)//3], gif.getvalue()[:12], whole[:20]+bytes(500)]
    for i,data in enumerate(broken, n): (folder/f'{i:04}.jpg').write_bytes(data)
    return f"{n} {'chips of UTKFace' if UTKFACE.exists() else 'made-up pictures'} and {BROKEN} broken ones"

def die_once(marker:str) -> None:
    "End this process, the first time that any process comes here"
    try: os.close(os.open(marker, os.O_CREAT|os.O_EXCL))
    except FileExistsError: return
    os._exit(1)

class Mortal(FactsOf):
    "A worker that is killed once, in its second batch"
    def __init__(self, marker, **kwargs):
        super().__init__(**kwargs)
        self.marker,self.batches = marker,0
    def _batch(self, batch):
        self.batches += 1
        if self.batches==2: die_once(self.marker)
        return super()._batch(batch)

def check(rows:pa.Table, paths:list[str], marker:Path) -> str:
    "Compare the rows of an engine with what they must be"
    assert marker.exists(), 'no worker was killed: this test would prove nothing'
    files = rows['file'].to_pylist()
    assert sorted(files)==sorted(paths), f'{len(files)} rows of {len(set(files))} photos, not {len(paths)}'
    assert rows.select(COLUMNS).schema.remove_metadata().equals(SCHEMA), rows.schema
    number = dict(zip(files, rows['number'].to_pylist()))
    assert all(number[o]==i for i,o in enumerate(paths)), 'a key went astray'
    errors = {f: e for f,e in zip(files, rows['error'].to_pylist()) if e}
    assert all(errors.get(o) for o in paths[-BROKEN:]), 'a broken photo has no reason'
    faces = sum(o is not None for o in rows['age'].to_pylist())
    assert faces>.97*(len(paths)-BROKEN), f'only {faces} faces in {len(paths)} photos'
    some = paths[:8]+paths[-BROKEN:]
    expected = FactsOf()(dict(path=some)).to_pylist()
    got = {r['file']: r for r in rows.select(COLUMNS).to_pylist()}
    for r in expected: assert got[r['file']]==r, f"{got[r['file']]} is not {r}"
    return f'{len(files)} rows, {faces} faces, {len(errors)} errors'

def with_ray(table:pa.Table, marker:Path) -> pa.Table:
    "Predict in two actors of Ray Data; the third CPU is for its tasks, which would else wait for ever"
    import logging, ray
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level='error')
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    for o in ('ray', 'ray.data'): logging.getLogger(o).setLevel('CRITICAL')
    ds = ray.data.from_arrow([table[i:i+BATCH] for i in range(0, len(table), BATCH)])
    ds = ds.map_batches(Mortal, fn_constructor_kwargs=dict(marker=str(marker), keys=dict(number='int64')), batch_format='pyarrow',
        batch_size=BATCH, compute=ray.data.ActorPoolStrategy(size=2), num_cpus=1)
    try: return pa.concat_tables(ray.get(ds.to_arrow_refs()))
    finally: ray.shutdown()

def with_spark(table:pa.Table, marker:Path) -> pa.Table:
    "Predict in two workers of Spark"
    from pyspark.sql import SparkSession
    lists,out = marker.with_name('lists.parquet'),marker.with_name('spark')
    pq.write_table(table, lists)
    facts_of = Mortal(str(marker), keys=dict(number='int64'))
    os.environ |= dict(PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable, SPARK_LOCAL_IP='127.0.0.1')
    build = SparkSession.builder.master('local[2,3]').appName('facefacts')
    settings = {'spark.ui.enabled': 'false', 'spark.ui.showConsoleProgress': 'false', 'spark.driver.host': '127.0.0.1'}
    settings['spark.sql.execution.arrow.maxRecordsPerBatch'] = str(BATCH)
    for k,v in settings.items(): build = build.config(k, v)
    spark = build.getOrCreate()
    spark.sparkContext.setLogLevel('OFF')
    try: spark.read.parquet(str(lists)).repartition(4).mapInPandas(facts_of, facts_of.ddl()).write.parquet(str(out))
    finally: spark.stop()
    return pq.read_table(out)

if __name__=='__main__':
    COLUMNS = SCHEMA.names
    engines = dict(ray=with_ray, spark=with_spark)
    chosen = [o for o in sys.argv[1:] if o in engines] or list(engines)
    tmp = Path(tempfile.mkdtemp(prefix='ff'))
    try:
        print(make_photos(tmp/'photos'), flush=True)
        paths = list(iter_images(tmp/'photos'))
        table = pa.table(dict(path=paths, number=range(len(paths))))
        for name in chosen:
            begin = time.monotonic()
            if name=='spark' and not shutil.which('java'): print('spark: not run, there is no Java'); continue
            rows = engines[name](table, tmp/f'{name}-died')
            took = time.monotonic()-begin
            print(f'{name}: {check(rows, paths, tmp/f"{name}-died")}; a killed worker cost nothing; {took:.0f} s', flush=True)
    finally: shutil.rmtree(tmp, ignore_errors=True)
