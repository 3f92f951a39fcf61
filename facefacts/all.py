"What a reader of photos needs, without torch: `from facefacts.all import *`. Kept by hand; nbs/18_all.ipynb checks it"
from .core import AGES, COLUMNS, DTYPES, GENDERS, METHODS, RACES, TASKS, Face
from .core import Facts, age_band, pct, BadDataset, BadWeights, FaceFactsError, MissingExtra, NoFaceFound, UnreadableImage
from .inputs import image_files, limits
from .images import Photo, read_image, read_photo
from .faces import CROP, FaceFinder, align, face_of_interest, find_faces
from .weights import Net, load_net
from .hub import pull_weights, push_weights
from .predict import FaceFacts
from .plots import age_curve, annotate, compare, gender_bar, in_depth, race_bars, show_crop
from .saliency import where_it_looked
from .video import TrackFacts, UnreadableVideo, VideoFacts # gives `FaceFacts` its methods `video` and `watch`
from .panel.widget import FaceFactsPanel

__all__ = [
    'age_band', 'age_curve', 'AGES', 'align', 'annotate', 'BadDataset', 'BadWeights', 'COLUMNS', 'compare', 'CROP', 'DTYPES',
    'Face', 'face_of_interest', 'FaceFacts', 'FaceFactsError', 'FaceFactsPanel', 'FaceFinder', 'Facts', 'find_faces',
    'gender_bar', 'GENDERS', 'image_files', 'in_depth', 'limits', 'load_net', 'METHODS', 'MissingExtra', 'Net', 'NoFaceFound',
    'pct', 'Photo', 'pull_weights', 'push_weights', 'race_bars', 'RACES', 'read_image', 'read_photo', 'show_crop', 'TASKS',
    'TrackFacts', 'UnreadableImage', 'UnreadableVideo', 'VideoFacts', 'where_it_looked']
