"What measuring needs: `from facefacts.evaluation.all import *`. Kept by hand; nbs/18_all.ipynb checks it"
from .metrics import FIGURES, bin_accuracy, bootstrap, by_group, coverage, figure_text, macro_f1, per_face, reliability, score, summary, wilson
from .predictions import on_photos, on_store, read_answers
from .fairness import fairness, gaps, intersections, misses, plot_confusion, plot_coverage, plot_decades, plot_reliability, worst
from .report import Report, evaluate, held_out, make_report, read_report, write_report
from .model_card import model_card, write_card

__all__ = [
    'bin_accuracy', 'bootstrap', 'by_group', 'coverage', 'evaluate', 'fairness', 'figure_text', 'FIGURES', 'gaps', 'held_out', 'intersections',
    'macro_f1', 'make_report', 'misses', 'model_card', 'on_photos', 'on_store', 'per_face', 'plot_confusion', 'plot_coverage',
    'plot_decades', 'plot_reliability', 'read_answers', 'read_report', 'reliability', 'Report', 'score', 'summary', 'wilson',
    'worst', 'write_card', 'write_report']
