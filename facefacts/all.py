"What facefacts is used with, in one line and with or without torch: `from facefacts.all import *`. Kept by hand; nbs/13_all.ipynb checks it"
from typing import TYPE_CHECKING as _CHECKING
from .core import *
from .decode import calibrate, decode, ece
from .inputs import image_files, limits
from .images import Photo, read_image, read_photo
from .faces import CROP, FaceFinder, align, align_matrix, face_of_interest, find_faces
from .utkface import build_store, download_utkface, load_store, parse_name, plot_crossed, plot_labels, read_utkface, split_utkface
from .weights import Net, export_onnx, load_net, load_weights, save_weights
from .hub import pull_weights, push_weights
from .predict import FaceFacts
from .insight import age_curve, annotate, compare, gender_bar, in_depth, race_bars, show_crop
from .saliency import where_it_looked
del printable, to_dict, write_whole # a method of `Facts`; and how text and files are written

# Names that need torch or cost a second to import come at first use
_LAZY = dict(
    imbalance='age_weights class_weights discard_infants sample_weights smooth_labels training_rows',
    models='FaceNet JointModel StandaloneModel create_net load_backbone',
    augment='augment',
    teacher='Teacher keep_lessons lessons read_lfw build_wild load_wild',
    recipes='Recipe',
    opinions='second_opinions as_opinion agree',
    chimeras='chimeras with_chimeras',
    training='FaceData LitFace fit train history',
    evaluation='by_group evaluate held_out on_photos on_store read_report recalibrate release summary write_report',
    groups='fairness gaps intersections misses plot_confusion plot_coverage plot_decades plot_reliability worst',
    card='make_report model_card read_answers',
    panel='FaceFactsPanel',
)
if _CHECKING: # editors and type checkers see the real things
    from .imbalance import age_weights, class_weights, discard_infants, sample_weights, smooth_labels, training_rows
    from .models import FaceNet, JointModel, StandaloneModel, create_net, load_backbone
    from .augment import augment
    from .teacher import Teacher, keep_lessons, lessons, read_lfw, build_wild, load_wild
    from .recipes import Recipe
    from .opinions import second_opinions, as_opinion, agree
    from .chimeras import chimeras, with_chimeras
    from .training import FaceData, LitFace, fit, train, history
    from .evaluation import by_group, evaluate, held_out, on_photos, on_store, read_report, recalibrate, release, summary, write_report
    from .groups import fairness, gaps, intersections, misses, plot_confusion, plot_coverage, plot_decades, plot_reliability, worst
    from .card import make_report, model_card, read_answers
    from .panel import FaceFactsPanel
else:
    for _m,_names in _LAZY.items():
        for _n in _names.split(): globals()[_n] = Lazy(f'facefacts.{_m}', _n)
