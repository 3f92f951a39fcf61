"What training needs: `from facefacts.training.all import *`. Kept by hand; nbs/18_all.ipynb checks it"
from ..core import need
need('torch', 'pytorch_lightning', 'timm', 'safetensors', 'onnx')

from ..calibration import calibrate, decode, ece, mean_logits
from .utkface import build_store, download_utkface, load_store, parse_name, plot_crossed, plot_labels, read_utkface, split_utkface
from .imbalance import age_weights, class_weights, discard_infants, sample_weights, smooth_labels, training_rows
from .models import FaceNet, JointModel, StandaloneModel, create_net, load_backbone
from .augment import augment
from .lfw import build_unlabelled, load_unlabelled, read_lfw
from .teacher import Teacher, keep_outputs, teacher_outputs
from .recipes import RECIPES, Recipe
from .soft_labels import as_soft_labels, mean_soft_labels, soft_labels
from .synthetic import synthetic_faces, with_synthetic
from .fit import FaceData, LitFace, fit, history, train
from .export import export_onnx, load_weights, save_weights
from .release import recalibrate, release
from .label_files import RACE_MAP, label_crops, read_labels

__all__ = [
    'age_weights', 'as_soft_labels', 'augment', 'build_store', 'build_unlabelled', 'calibrate', 'class_weights', 'create_net',
    'decode', 'discard_infants', 'download_utkface', 'ece', 'export_onnx', 'FaceData', 'FaceNet', 'fit', 'history', 'JointModel',
    'keep_outputs', 'label_crops', 'LitFace', 'load_backbone', 'load_store', 'load_unlabelled', 'load_weights', 'mean_logits', 'mean_soft_labels',
    'parse_name', 'plot_crossed', 'plot_labels', 'RACE_MAP', 'read_labels', 'read_lfw', 'read_utkface', 'recalibrate', 'Recipe', 'RECIPES', 'release',
    'sample_weights', 'save_weights', 'smooth_labels', 'soft_labels', 'split_utkface', 'StandaloneModel', 'synthetic_faces',
    'Teacher', 'teacher_outputs', 'train', 'training_rows', 'with_synthetic']
