"Packaging for `pip`: everything it says comes from settings.ini, edit there, not here"
from configparser import ConfigParser
from pathlib import Path
import shlex
from setuptools import setup, find_namespace_packages

cfg = ConfigParser(delimiters=['='])
cfg.read('settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
reqs = lambda extra='': shlex.split(cfg.get(f'{extra}requirements', ''))

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    license='Apache-2.0 (code); non-commercial research only (weights, see LICENSE-WEIGHTS)',
    license_files=['LICENSE*'],
    long_description=Path('README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    packages=find_namespace_packages(include=[cfg['lib_path']+'*']), include_package_data=True,
    python_requires='>='+cfg['min_python'], install_requires=reqs(),
    extras_require=dict(train=reqs('train_'), app=reqs('app_'), hub=reqs('hub_'), parquet=reqs('parquet_'), serve=reqs('serve_'), bulk=reqs('bulk_'),
        dev=reqs('train_')+reqs('app_')+reqs('bulk_')+reqs('serve_')+reqs('dev_')),
    classifiers=['Framework :: Jupyter', 'Intended Audience :: Science/Research', 'Typing :: Typed',
                 'Topic :: Scientific/Engineering :: Image Recognition', *(f'Programming Language :: Python :: 3.{i}' for i in range(10, 14))],
    entry_points=dict(console_scripts=shlex.split(cfg.get('console_scripts', '')),
                      nbdev=[f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"]),
    zip_safe=False)
